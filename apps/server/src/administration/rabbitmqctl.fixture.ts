import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Running } from '../../../../tools/services/service.ts'

/** RabbitMQ's own command, beside the server, with the environment that it runs with. */
export async function rabbitmqctl({ pid }: Running, ...args: string[]): Promise<string> {
  const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  const env = Object.fromEntries(
    lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
  )
  const program = join(dirname(env.ERL_LIBS ?? ''), 'sbin/rabbitmqctl')
  // The `erl` that the server was started with is in its folder.
  const PATH = `${env.HOME}:${env.PATH}`
  const { stdout } = await promisify(execFile)(program, args, { env: { ...env, PATH } })
  return stdout
}
