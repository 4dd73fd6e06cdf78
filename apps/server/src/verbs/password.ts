import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Call } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { textOf } from './admin-verb.ts'

/**
 * From `--password-file`, standard input, or a person who is asked. It is never in an argument,
 * which every user of the machine can see. Undefined with `--no-password`.
 */
export async function passwordOf(call: Call): Promise<string | undefined> {
  const file = textOf(call, 'password-file')
  if (call.options['no-password'] === true) return undefined
  if (file !== undefined) return firstLine(fileText(file))
  return process.stdin.isTTY ? asked() : firstLine(await text(process.stdin))
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { message } = error as Error
    throw new UsageError(`Cannot read password-file ${path}: ${message}`, { cause: error })
  }
}

/** An editor or `echo` ends the line; what follows would be a mistake. */
function firstLine(given: string): string {
  const line = given.replace(/\r?\n$/, '')
  if (line !== '' && !line.includes('\n')) return line
  const why = line === '' ? 'it is empty' : 'it has several lines'
  throw new UsageError(`Cannot use the password: ${why}`)
}

/** What is typed is not shown. */
async function asked(): Promise<string> {
  const silent = new Writable({ write: (_, __, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    const first = await ask(lines, 'Password: ')
    const second = await ask(lines, 'Again: ')
    if (first === second) return firstLine(first)
    throw new UsageError('Cannot use the password: the second one is different')
  } finally {
    lines.close()
  }
}

function ask(lines: ReturnType<typeof createInterface>, question: string): Promise<string> {
  process.stderr.write(question)
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => reject(new UsageError('Cannot use the password: none is given')))
    lines.question('', (answer) => {
      process.stderr.write('\n')
      resolve(answer)
    })
  })
}
