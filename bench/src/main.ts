import { amqpBench } from './amqp/bench.ts'
import { backlogBench } from './backlog/bench.ts'
import type { Bench } from './bench.ts'
import { UsageError } from './flags.ts'
import { logBench } from './log/bench.ts'
import { outboxBench } from './outbox/bench.ts'
import { sagaBench } from './saga/bench.ts'
import { soakBench } from './soak/bench.ts'

const BENCHES: Readonly<Record<string, Bench>> = {
  log: logBench,
  backlog: backlogBench,
  outbox: outboxBench,
  saga: sagaBench,
  amqp: amqpBench,
  soak: soakBench,
}

const HELP = `Usage: npm run bench -- NAME [options] [--json]

${Object.entries(BENCHES)
  .map(([name, { about, flags }]) => `  ${name} ${flags}\n      ${about}`)
  .join('\n')}

With --json the last line of standard output is one JSON object, all else goes to standard error.
Exit codes: 0 measured, 2 wrong usage, 3 cannot run here.
`

async function main(args: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || rest.includes('--help')) return print(HELP)
  const bench = BENCHES[name]
  if (!bench) throw new UsageError(`there is no bench ${name}; see --help`)
  const json = rest.includes('--json')
  const out = json ? process.stderr : process.stdout
  const result = await bench.run(
    rest.filter((arg) => arg !== '--json'),
    (text) => out.write(`${text}\n`),
  )
  return json ? print(`${JSON.stringify(result)}\n`) : 0
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const usage = error instanceof UsageError
  process.stderr.write(`bench: ${usage ? error.message : (error as Error).stack}\n`)
  process.exitCode = usage ? 2 : 3
}
