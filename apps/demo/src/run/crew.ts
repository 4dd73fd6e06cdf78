import { join } from 'node:path'
import type { BrokerChoice } from '../options.ts'
import { BrokerProcess } from './broker-process.ts'
import { DemoProcess } from './demo-process.ts'
import type { BrokerAddress, StartOptions } from './messages.ts'
import { startVariable } from './messages.ts'
import type { ProcessName } from './process-names.ts'

const SERVICE = join(import.meta.dirname, '../service.ts')
const WORKER = join(import.meta.dirname, '../worker.ts')
const SERVICES = ['order', 'coupon', 'points', 'sms'] as const

/** Queues of the run's own broker need no other name. */
const PREFIX = 'hufu'

export type ProcessOptions = Omit<StartOptions, 'broker'>

/** The processes of a run, in the order in which they are started. */
export interface Crew {
  readonly names: readonly ProcessName[]
  /** The one that takes in the orders. */
  readonly taker: ProcessName
  /** `broker` must have been ready once before a service is started. */
  start(name: ProcessName, options: ProcessOptions): DemoProcess
}

/** `prefix`: of the queues' names; default `hufu`. */
export function crewOf(broker: BrokerChoice, prefix = PREFIX): Crew {
  if (broker.kind === 'server') return new CrewWithBroker()
  if (broker.kind === 'given') {
    const { url } = broker
    const start: Crew['start'] = (name, options) => service(name, options, { url, prefix })
    return { names: SERVICES, taker: 'order', start }
  }
  const start: Crew['start'] = (name, options) =>
    node(name, [WORKER], { ...options, broker: undefined })
  return { names: ['worker'], taker: 'worker', start }
}

/** The broker takes a free port at its first start, and keeps it. */
class CrewWithBroker implements Crew {
  readonly names = ['broker', ...SERVICES] as const
  readonly taker = 'order'
  #broker: BrokerProcess | undefined
  #address = '127.0.0.1:0'

  start(name: ProcessName, options: ProcessOptions): DemoProcess {
    this.#address = this.#broker?.address ?? this.#address
    if (name === 'broker') {
      this.#broker = new BrokerProcess(options.dir, this.#address)
      return this.#broker
    }
    return service(name, options, { url: `amqp://guest:guest@${this.#address}`, prefix: PREFIX })
  }
}

function service(name: ProcessName, options: ProcessOptions, broker: BrokerAddress): DemoProcess {
  return node(name, [SERVICE, name], { ...options, broker })
}

function node(name: ProcessName, args: readonly string[], options: StartOptions): DemoProcess {
  const env = { ...process.env, ...startVariable(options) }
  return new DemoProcess({ name, dir: options.dir, args, env })
}
