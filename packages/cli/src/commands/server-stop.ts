import { socketPathOf } from '../connection/home.ts'
import { untilGone } from '../connection/until-gone.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../output/progress.ts'

/** `hearth server stop`: succeeds when none runs. Resolves when the server is gone. */
export async function serverStop(context: Context): Promise<void> {
  const hearth = await context.connectIfRunning()
  if (hearth) {
    await withProgress(context, 'stopping the server', async () => {
      const { pid } = await hearth.system.get({ signal: context.signal })
      await hearth.system.stop({ signal: context.signal })
      // What a remote one does next cannot be seen from here.
      if (context.target.kind === 'home') await untilGone(socketPathOf(context.home), pid, context.signal)
    })
  }
  context.print({ stopped: hearth !== undefined }, () => (hearth ? 'stopped' : `no server runs for ${context.home}`))
}
