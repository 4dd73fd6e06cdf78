import { readFileSync, writeFileSync } from 'node:fs'
import type { Call, Verb } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { adminVerb, textOf } from './admin-verb.ts'

const write = adminVerb<{ definitions: object }>({
  name: 'definitions export',
  args: [],
  about: 'Writes users, permissions, policies, exchanges, queues and bindings as RabbitMQ does',
  more: [
    'Example: hufu definitions export --out definitions.json',
    '--out            a file, which only its user may read; default: standard output',
    '--for-rabbitmq   for a RabbitMQ: a user whose password was hashed by Hufu gets none',
  ],
  options: { out: { type: 'string' }, 'for-rabbitmq': { type: 'boolean' } },
  operation: 'definitions.export',
  input: ({ options }) => ({ forRabbit: options['for-rabbitmq'] === true }),
  show: ({ definitions }, call) => {
    const text = JSON.stringify(definitions, undefined, 2)
    const path = textOf(call, 'out')
    return path === undefined ? text : written(path, `${text}\n`)
  },
})

const read = adminVerb<{ imported: Record<string, number> }>({
  name: 'definitions import',
  args: ['FILE'],
  about: 'Takes over a definitions file of Hufu or RabbitMQ; what is there and the same stays',
  more: ['Example: hufu definitions import definitions.json'],
  operation: 'definitions.import',
  input: ({ args: [path = ''] }) => ({ json: textIn(path) }),
  show: ({ imported }) => {
    const counts = Object.entries(imported).map(([name, count]) => `${count} ${name}`)
    return `Taken over: ${counts.join(', ')}`
  },
})

/** It holds hashes of passwords. */
function written(path: string, text: string): string {
  try {
    writeFileSync(path, text, { mode: 0o600 })
    return `Written to ${path}`
  } catch (error) {
    throw new UsageError(`Cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
}

function textIn(path: Call['args'][number]): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error })
  }
}

export const DEFINITIONS: readonly Verb[] = [write, read]
