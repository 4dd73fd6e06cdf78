import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Longer than any program takes on a busy machine. */
const PROGRAM_MS = 60_000

/** A client × a scenario. */
export interface Program {
  /** `amqplib/topic` */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** What a program saw, line by line, the same for the same sight. */
export interface Transcript {
  readonly lines: readonly string[]
  /** What else it wrote, for a person. */
  readonly complaints: string
}

/** Plays it in a process of its own. Never rejects: that it failed stands in the transcript. */
export async function play(program: Program, url: string): Promise<Transcript> {
  const child = spawn(program.command, program.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...program.env, INTEROP_URL: url },
  })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), PROGRAM_MS)
  const ended = once(child, 'close').catch((error: Error) => [error.message])
  const [code, signal] = (await ended) as [number | string | null, string | null]
  clearTimeout(timer)
  const lines = Buffer.concat(out).toString().split('\n').filter(Boolean)
  if (code !== 0) lines.push(JSON.stringify(['ended', signal ?? code]))
  return {
    lines: lines.map((line) => settled(line, url)),
    complaints: Buffer.concat(err).toString(),
  }
}

const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/amq\.gen-[\w-]+/g, 'amq.gen-*'],
  [/amq\.ctag-[\w.-]+/g, 'amq.ctag-*'],
  [/amq\.rabbitmq\.reply-to\.[^"'\s]+/g, 'amq.rabbitmq.reply-to.*'],
  // RabbitMQ 4 and Hufu have these headers, RabbitMQ 3 has not.
  [/,"x-last-death-[a-z]+":"[^"]*"/g, ''],
]

/** Names that the server makes, and the user, replaced by what is the same everywhere. */
function settled(line: string, url: string): string {
  const { username } = new URL(url)
  return CHANGING.reduce((text, [what, by]) => text.replace(what, by), line).replaceAll(
    `'${username}'`,
    "'USER'",
  )
}
