import { setTimeout as sleep } from 'node:timers/promises'
import { embedded } from 'hufu/transports/embedded'
import { comingLines } from './input/spool.ts'
import { setCrashPoint } from './run/crash-points.ts'
import type { Command, Progress, WorkerOptions } from './run/messages.ts'
import { Pace } from './run/pace.ts'
import { couponService } from './services/coupon.ts'
import { brokerPath } from './services/databases.ts'
import { Gauge } from './services/gauge.ts'
import { Intake } from './services/intake.ts'
import { orderService } from './services/order.ts'
import { pointsService } from './services/points.ts'
import { smsService } from './services/sms.ts'
import { TransactionalIntake } from './services/transactional-intake.ts'
import { watchedTransport } from './services/watched-transport.ts'

/** Lines whose outcome is not yet on disk. */
const IN_FLIGHT_MAX = 64

const PROGRESS_MS = 50

const { dir, pattern, seed, rate, unreachable }: WorkerOptions = JSON.parse(process.argv[2] ?? '{}')
const transport = embedded(brokerPath(dir))
const order = orderService({
  dir,
  transport: watchedTransport(transport, async ({ version }, word) => {
    const sql = 'INSERT OR IGNORE INTO asked (version, word) VALUES (?, ?)'
    if (word !== 'unknown') await order.hufu.store.transaction((tx) => tx.run(sql, version, word))
  }),
})
const consuming = [
  couponService({ dir, transport }),
  pointsService({ dir, transport }),
  smsService({ dir, transport, seed, unreachable: new Set(unreachable) }),
]
const services = [order, ...consuming]
const pace = new Pace(rate)
let hungry = false
let fed = false
let stopping = false

/** Half messages of the order service that nobody has decided. */
function undecided(): number {
  return transport.broker?.prepared({ group: order.hufu.service }).length ?? 0
}

/** Takes in the input from where the database says. */
async function feed(): Promise<void> {
  const intake =
    pattern === 'outbox' ? new Intake(order) : new TransactionalIntake(order, undecided)
  const inFlight = new Set<Promise<void>>()
  const lines = comingLines(dir, await intake.resume(), (waits) => {
    hungry = waits
  })
  for await (const line of lines) {
    await pace.next()
    if (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight)
    if (stopping) return
    const taking = intake.take(line).finally(() => inFlight.delete(taking))
    inFlight.add(taking)
  }
  await Promise.all(inFlight)
  fed = true
}

function progress(gauge: Gauge): Progress {
  const reading = gauge.read()
  const stats = consuming.map(({ consumer }) => consumer.stats())
  const sum = (name: 'repeated' | 'retried') => stats.reduce((all, each) => all + each[name], 0)
  const drained = fed && reading.open === reading.parked && undecided() === 0
  return { ...reading, hungry, drained, repeated: sum('repeated'), retried: sum('retried') }
}

async function main(): Promise<void> {
  for (const { hufu } of services) await hufu.start()
  const gauge = new Gauge(dir)
  const feeding = feed()
  feeding.catch(die)
  while (!stopping) {
    process.send?.(progress(gauge))
    await sleep(PROGRESS_MS)
  }
  gauge.close()
  await feeding
  await Promise.all(services.map(({ hufu }) => hufu.stop()))
  process.disconnect?.()
}

function die(error: unknown): never {
  console.error(error)
  process.exit(1)
}

// Ctrl-C in a terminal reaches the whole group: the supervisor decides.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(stopping ? 0 : 1))
process.on('message', (command: Command) => {
  if (command === 'stop') stopping = true
  else if ('dieAt' in command) setCrashPoint(command.dieAt)
  else pace.rate = command.rate
})
main().catch(die)
