import { setTimeout as sleep } from 'node:timers/promises'
import { isHufuError } from 'hufu'
import { amqp } from 'hufu/transports/amqp'
import { Feeder } from './run/feeder.ts'
import { readStart } from './run/messages.ts'
import type { Supervised } from './run/supervised.ts'
import { die, obey } from './run/supervised.ts'
import { couponService } from './services/coupon.ts'
import { Intake } from './services/intake.ts'
import { orderService } from './services/order.ts'
import { pointsService } from './services/points.ts'
import { smsService } from './services/sms.ts'

/** Between two attempts to start, ms. */
const AGAIN_MS = 200

// One service in a process of its own: `node service.ts order|coupon|points|sms`.
const { dir, seed, rate, unreachable, broker } = readStart()
if (broker === undefined) throw new Error('Cannot start a service: it is told of no broker')
const options = { dir, transport: amqp(broker) }

function ordering(): Supervised {
  const order = orderService(options)
  const feeder = new Feeder(rate)
  return {
    async start() {
      await startWhenItCan(order.hufu)
      feeder.start(dir, new Intake(order), die)
    },
    report: () => ({ hungry: feeder.hungry, fed: feeder.fed, repeated: 0, retried: 0 }),
    hear(command) {
      if ('rate' in command) feeder.pace.rate = command.rate
    },
    async stop() {
      await feeder.stop()
      await order.hufu.stop()
    },
  }
}

function consuming({ hufu, consumer }: ReturnType<typeof pointsService>): Supervised {
  return {
    start: () => startWhenItCan(hufu),
    report() {
      const { repeated, retried } = consumer.stats()
      return { hungry: false, fed: false, repeated, retried }
    },
    hear() {},
    stop: () => hufu.stop(),
  }
}

/** The broker may be away at that moment: it was killed, too. */
async function startWhenItCan(hufu: { start(): Promise<void> }): Promise<void> {
  while (true) {
    try {
      return await hufu.start()
    } catch (error) {
      if (isHufuError(error, 'TRANSPORT_LACKS') || isHufuError(error, 'ARGUMENT')) throw error
      console.error((error as Error).message)
      await sleep(AGAIN_MS)
    }
  }
}

const parts: Record<string, () => Supervised> = {
  order: ordering,
  coupon: () => consuming(couponService(options)),
  points: () => consuming(pointsService(options)),
  sms: () => consuming(smsService({ ...options, seed, unreachable: new Set(unreachable) })),
}
const name = process.argv[2] ?? ''
const make = parts[name]
if (make === undefined) throw new Error(`Cannot start the service '${name}': there is none`)
obey(make())
