import { SCENARIOS } from './node-clients.ts'
import type { Stage } from './scenario.ts'

/** One program in a process of its own: `play.ts CLIENT SCENARIO`, the address in INTEROP_URL. */
const [client = '', name = ''] = process.argv.slice(2)
const scenario = SCENARIOS[client]?.[name]
if (!scenario) throw new Error(`Cannot play: there is no ${client} ${name}`)

const stage: Stage = {
  url: process.env.INTEROP_URL ?? '',
  name: `${client}.${name}`,
  say: (what, saw = null) => process.stdout.write(`${JSON.stringify([what, saw])}\n`),
}

try {
  await scenario(stage)
  stage.say('done')
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`)
  stage.say('failed', (error as Error).message)
  process.exitCode = 1
}
process.exit()
