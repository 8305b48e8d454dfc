import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { errorText } from '../output/report-error.ts'

/**
 * Does the same to each of several things and prints each that is done. One that fails does not keep the others from being
 * done; the command fails in the end.
 */
export async function each(context: Context, refs: readonly string[], act: (ref: string) => Promise<void>): Promise<void> {
  const [only] = refs
  const done: string[] = []
  if (refs.length === 1 && only !== undefined) {
    await act(only)
    done.push(only)
  } else {
    const failed = await actOnAll(context, refs, act, done)
    if (failed > 0) {
      print(context, refs, done)
      throw new CliError(`${failed} of ${refs.length} could not be done`, {
        hint: 'The others are done; see above for each of these.',
      })
    }
  }
  print(context, refs, done)
}

/** In the order they were named, not in which they came to their end. */
function print(context: Context, refs: readonly string[], done: readonly string[]): void {
  const sorted = refs.filter((ref) => done.includes(ref))
  context.print(sorted, () => sorted.join('\n'))
}

async function actOnAll(
  context: Context,
  refs: readonly string[],
  act: (ref: string) => Promise<void>,
  done: string[],
): Promise<number> {
  let failed = 0
  await Promise.all(
    refs.map(async (ref) => {
      try {
        await act(ref)
        done.push(ref)
      } catch (error) {
        context.signal.throwIfAborted()
        failed += 1
        context.say(`${ref}: ${errorText(error, context.command)}`)
      }
    }),
  )
  return failed
}
