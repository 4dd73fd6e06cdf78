import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'amqplib'
import { amqp } from 'hufu/transports/amqp'
import { CannotRunError } from '../options.ts'

/** A broker that answers, answers within this time, ms. */
const ANSWER_MS = 5_000

/** What the services declare, behind the prefix: docs/transports.md, names. */
const QUEUES = [
  ...['coupon', 'points', 'sms'].map((group) => `order.placed/${group}`),
  ...['order', 'coupon', 'points', 'sms'].map((service) => `hufu.receipts/${service}`),
]

/** A broker that is not the run's own. */
export class GivenBroker {
  /** The address without what nobody should read over a shoulder. */
  readonly shownUrl: string
  /** The names of a run's exchange and queues begin with this, so that runs share none. */
  readonly prefix = `hufu-demo-${randomBytes(4).toString('hex')}`
  readonly #url: string

  constructor(url: string) {
    const { protocol, host, pathname } = new URL(url)
    this.shownUrl = `${protocol}//${host}${pathname}`
    this.#url = url
  }

  /** Throws `CannotRunError` when it cannot be reached or lets nobody in. */
  async mustAnswer(): Promise<void> {
    const why = await this.whyNoAnswer()
    if (why !== undefined) throw new CannotRunError(why)
  }

  /** Undefined: it answers. */
  async whyNoAnswer(): Promise<string | undefined> {
    const times = { openTimeoutMs: 0, connectTimeoutMs: ANSWER_MS }
    const transport = amqp({ url: this.#url, prefix: this.prefix, ...times })
    try {
      await inTime(transport.open())
    } catch (error) {
      return `Using the broker ${this.shownUrl}: ${(error as Error).message}`
    }
    await inTime(transport.close()).catch(() => {})
    return undefined
  }

  /** Deletes the run's queues and exchange. Says why they are left; undefined: they are gone. */
  async remove(): Promise<string | undefined> {
    try {
      await inTime(this.#delete())
      return undefined
    } catch (error) {
      const what = `Deleting ${this.prefix}/… of the broker ${this.shownUrl}`
      return `${what}: ${(error as Error).message}; they may be left there`
    }
  }

  async #delete(): Promise<void> {
    const connection = await connect(this.#url, { timeout: ANSWER_MS })
    // What is wrong is told by the step that fails.
    connection.on('error', () => {})
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    for (const queue of QUEUES) await channel.deleteQueue(`${this.prefix}/${queue}`)
    await channel.deleteExchange(this.prefix)
    await connection.close()
  }
}

async function inTime(work: Promise<void>): Promise<void> {
  const late = async () => {
    await sleep(ANSWER_MS, undefined, { ref: false })
    throw new Error(`no answer within ${ANSWER_MS / 1_000} s`)
  }
  await Promise.race([work, late()])
}
