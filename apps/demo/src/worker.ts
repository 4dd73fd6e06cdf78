import { embedded } from 'hufu/transports/embedded'
import { setCrashPoint } from './run/crash-points.ts'
import { Feeder } from './run/feeder.ts'
import { readStart } from './run/messages.ts'
import { die, obey } from './run/supervised.ts'
import { couponService } from './services/coupon.ts'
import { brokerPath } from './services/databases.ts'
import { Intake } from './services/intake.ts'
import { orderService } from './services/order.ts'
import { pointsService } from './services/points.ts'
import { smsService } from './services/sms.ts'
import { TransactionalIntake } from './services/transactional-intake.ts'
import { watchedTransport } from './services/watched-transport.ts'

// The four services and the embedded broker in one process.
const { dir, pattern, seed, rate, unreachable } = readStart()
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
const feeder = new Feeder(rate)

/** Half messages of the order service that nobody has decided. */
function undecided(): number {
  return transport.broker?.prepared({ group: order.hufu.service }).length ?? 0
}

obey({
  async start() {
    for (const { hufu } of services) await hufu.start()
    const intake =
      pattern === 'outbox' ? new Intake(order) : new TransactionalIntake(order, undecided)
    feeder.start(dir, intake, die)
  },
  report() {
    const stats = consuming.map(({ consumer }) => consumer.stats())
    const sum = (name: 'repeated' | 'retried') => stats.reduce((all, each) => all + each[name], 0)
    const fed = feeder.fed && undecided() === 0
    return { hungry: feeder.hungry, fed, repeated: sum('repeated'), retried: sum('retried') }
  },
  hear(command) {
    if ('dieAt' in command) setCrashPoint(command.dieAt)
    else feeder.pace.rate = command.rate
  },
  async stop() {
    await feeder.stop()
    await Promise.all(services.map(({ hufu }) => hufu.stop()))
  },
})
