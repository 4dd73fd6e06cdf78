import { randomBytes } from 'node:crypto'
import { amqp } from 'hufu/transports/amqp'
import { CannotRunError } from '../options.ts'
import { within } from './within.ts'

/** A broker that answers, answers within this time, ms. */
const ANSWER_MS = 5_000

/** A broker that is not the run's own. */
export class GivenBroker {
  /** The address without what nobody should read over a shoulder. */
  readonly shownUrl: string
  /** The names of a run's queues begin with this, so that runs share none. */
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
  whyNoAnswer(): Promise<string | undefined> {
    return this.#visit(async () => {})
  }

  /** Deletes the run's queues and exchanges; undefined: they are gone. */
  async remove(): Promise<string | undefined> {
    const problem = await this.#visit(async () => {})
    return problem && `${problem}; queues that begin with ${this.prefix} may be left there`
  }

  /** Says why it could not be done. */
  async #visit(work: (transport: ReturnType<typeof amqp>) => Promise<void>) {
    const { prefix } = this
    const times = { openTimeoutMs: 0, connectTimeoutMs: ANSWER_MS }
    const transport = amqp({ url: this.#url, prefix, ...times })
    try {
      await transport.open()
      await work(transport)
      return undefined
    } catch (error) {
      return `Connecting to the broker ${this.shownUrl}: ${(error as Error).message}`
    } finally {
      await within(ANSWER_MS, transport.close())
    }
  }
}
