import { failpoints, invalidInput, type PassFailpoint } from '@hearth/model'

/**
 * What `HEARTH_FAILPOINT` asks for: `NAME`, or `NAME:N` for the Nth time. The server that gets there ends itself as `kill -9` does.
 * For tests; without the variable there is nothing to call. @throws HearthError `invalid_input`
 */
export function failpointFrom(wanted: string | undefined, die: () => void = killSelf): PassFailpoint | undefined {
  if (wanted === undefined || wanted === '') return undefined
  const [, text = '', times = '1'] = /^([a-z_.]+)(?::([1-9][0-9]{0,5}))?$/.exec(wanted) ?? []
  const name = failpoints.find((each) => each === text)
  if (!name) throw invalidInput('HEARTH_FAILPOINT', wanted, `allowed: NAME or NAME:N with one of ${failpoints.join(', ')}`)
  let left = Number(times)
  return (passed) => {
    if (passed === name && --left === 0) die()
  }
}

function killSelf(): void {
  process.kill(process.pid, 'SIGKILL')
}
