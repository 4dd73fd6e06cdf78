import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '@hufu/os/simulated'
import type { Cleanup } from '../run/cleanup.ts'
import { Rate } from '../run/rate.ts'
import { complain } from '../run/tally.ts'
import { confirmTrial } from './confirm-trial.ts'
import { type AmqpOptions, HELP, readAmqpOptions, type What } from './options.ts'
import { Server } from './server.ts'
import { type Found, txTrial } from './tx-trial.ts'

/** The kill comes after so long at most, ms: about what the work takes. */
const KILL_MS: Readonly<Record<What, number>> = { tx: 80, confirms: 400 }

/** `npm run chaos -- amqp …`; resolves with the exit code, 0 or 1. */
export async function amqpMode(args: readonly string[], cleanup: Cleanup): Promise<number> {
  const options = readAmqpOptions(args)
  if (options.help) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  complain(`Seed ${options.seed}`)
  const dir = mkdtempSync(join(tmpdir(), 'hufu-chaos-amqp-'))
  cleanup.add(() => rmSync(dir, { recursive: true, force: true }))
  const counts = await runTrials(options, new Server(dir, cleanup))
  const object = { mode: 'amqp', what: options.what, seed: options.seed, ...counts }
  const words = Object.entries(object).map(([name, value]) => `${name} ${value}`)
  process.stdout.write(`${options.json ? JSON.stringify(object) : words.join(', ')}\n`)
  return counts.broken === 0 ? 0 : 1
}

async function runTrials({ what, trials, seed }: AmqpOptions, server: Server) {
  const random = new SeededRandom(seed)
  const rate = new Rate('amqp', 'trials')
  const counts = { trials: 0, broken: 0, told: 0, whole: 0 }
  await server.start()
  for (let number = 1; number <= trials; number++) {
    const killMs = random.next() * KILL_MS[what]
    const trial = what === 'tx' ? txTrial : confirmTrial
    const found: Found = await trial(server, number, killMs)
    counts.trials++
    if (found.told) counts.told++
    if (found.whole) counts.whole++
    if (!found.holds) {
      counts.broken++
      complain(`Broken: ${found.text}, killed after ${killMs.toFixed(1)} ms`)
    }
    rate.count()
  }
  await server.kill()
  return counts
}
