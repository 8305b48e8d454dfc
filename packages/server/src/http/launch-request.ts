import type { LaunchOptions, LaunchRequest } from '@hearth/engine'
import { HearthError, type InjectedFile } from '@hearth/model'
import type { injectedFileSchema, launchSchema } from '@hearth/protocol'
import type * as z from 'zod'

type Launch = z.output<typeof launchSchema>
type Received = Pick<Launch, 'name' | 'env' | 'secrets' | 'labels' | 'files' | 'timeoutMs' | 'onTimeout'> &
  Partial<Pick<Launch, 'hostname' | 'egress'>>

/** A launch as the engine knows it. @throws HearthError `invalid_input` */
export function launchRequest(body: Launch): LaunchRequest {
  const { template, snapshot, boot, resources } = body
  if ((template === undefined) === (snapshot === undefined)) {
    throw new HearthError('invalid_input', 'name either a template or a snapshot', { details: { field: 'template' } })
  }
  return {
    ...launchOptions(body),
    ...(template !== undefined && { template }),
    ...(snapshot !== undefined && { snapshot }),
    ...(boot !== undefined && { boot }),
    ...(resources !== undefined && { resources }),
  }
}

/** What every launch may be given, as the engine knows it. */
export function launchOptions(body: Received): LaunchOptions {
  const { name, hostname, env, secrets, labels, egress, timeoutMs, onTimeout } = body
  return {
    ...(name !== undefined && { name }),
    ...(hostname !== undefined && { hostname }),
    env,
    secrets,
    labels,
    ...(egress !== undefined && { egress }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(onTimeout !== undefined && { onTimeout }),
    files: body.files.map(injectedFile),
  }
}

function injectedFile(file: z.output<typeof injectedFileSchema>): InjectedFile {
  return { path: file.path, content: Buffer.from(file.content, 'base64'), mode: Number.parseInt(file.mode, 8) }
}
