import { parseArgs } from 'node:util'

export const HELP = `Usage: npm run interop -- [amqp] [--only TEXT] [--json] [--transcripts]

Plays programs of clients that nobody here wrote, each on Hufu and on a real RabbitMQ, and compares
what they see. A server or a toolchain that is not there is fetched, or its programs are skipped.

  --only TEXT     the programs with this in their name: amqplib/topic, pika/, tx
  --transcripts   shows what every program saw
  --json          one object as the last line of standard output, all else to standard error

Exit codes: 0 all the same, 1 something differs, 2 wrong usage, 3 cannot run here.
`

export interface Options {
  readonly only: string
  readonly json: boolean
  readonly transcripts: boolean
  readonly help: boolean
}

export class UsageError extends Error {}

export function readOptions(args: readonly string[]): Options {
  const options = {
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    transcripts: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const other = positionals.find((word) => word !== 'amqp')
    if (other !== undefined) throw new UsageError(`there is no interop ${other}; see --help`)
    return values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
