import { sleep } from '@hufu/os'
import type { Delivery, Settlement, Subscription } from '../../../api.ts'
import { BrokerError } from '../../../errors.ts'
import type { AmqpQueue } from '../amqp-queue.ts'
import { refusal } from './administration-error.ts'
import type { AdministrationHost } from './administration-host.ts'
import { lifeOf, type Place, type Placed } from './move-target.ts'

/** How messages are moved. */
export interface MoveOptions {
  /** At most so many. Default: as many as are ready when it begins. */
  readonly limit?: number | undefined
  /** Messages a second, at most. Default: as fast as it goes. */
  readonly rate?: number | undefined
  /** When it aborts, what is under way is ended; the result says how far it came. */
  readonly signal?: AbortSignal
  /** Told when the first are moved, then every second. */
  progress?(of: Progress): void
}

export interface Progress {
  readonly moved: number
  /** Those that had nowhere to go, and stay. */
  readonly left: number
  /** How many are to be looked at. */
  readonly of: number
}

export interface Moved extends Progress {
  /** Why the first of those that are left stays. */
  readonly why?: string
  /** It ended before all were looked at: it was stopped, or 100,000 have nowhere to go. */
  readonly stopped: boolean
}

/** Messages, and bytes of their bodies, that take effect together. */
const STEP_MESSAGES = 64
const STEP_BYTES = 4 << 20

/** Between two words on how far it has come. */
const PROGRESS_MS = 1_000

/** Messages that have nowhere to go, and are held until the end so that those behind are seen. */
const LEFT_MAX = 100_000

/** Steps a second at a low rate. */
const STEPS_PER_SECOND = 10

/** One message and where it goes. */
interface Step {
  readonly message: Delivery
  readonly placed: Placed
}

/** Moves ready messages of a queue, the next one first; `place` says where each goes. */
export async function moveMessages(
  host: AdministrationHost,
  from: AmqpQueue,
  place: Place,
  options: MoveOptions,
): Promise<Moved> {
  const mover = new Mover(host, from, place, options)
  try {
    return await mover.run()
  } finally {
    await mover.close()
  }
}

class Mover {
  readonly #host: AdministrationHost
  readonly #from: Subscription
  readonly #place: Place
  readonly #options: MoveOptions
  readonly #total: number
  #moved = 0
  /** Taken and not moved. */
  readonly #left = new Set<number>()
  #why: string | undefined
  /** Monotonic ms. */
  #toldNext = Number.NEGATIVE_INFINITY
  /** By queue, what is under way into it. */
  readonly #coming = new Map<string, { messages: number; bytes: number }>()
  /** Taken by the step that is under way. */
  readonly #taken = new Set<number>()

  constructor(host: AdministrationHost, from: AmqpQueue, place: Place, options: MoveOptions) {
    this.#host = host
    this.#place = place
    this.#options = options
    const { ready = 0 } = host.broker.queue(from.coreName) ?? {}
    this.#total = Math.min(options.limit ?? ready, ready)
    this.#from = host.broker.subscribe(from.coreName, { pullOnly: true }, () => undefined)
  }

  async run(): Promise<Moved> {
    const { clock } = this.#host.os
    const { rate = Number.POSITIVE_INFINITY, signal } = this.#options
    const start = clock.mono()
    while (this.#seen < this.#total && signal?.aborted !== true && this.#left.size < LEFT_MAX) {
      const steps = await this.#take(Math.min(stepOf(rate), this.#total - this.#seen))
      if (steps === 'empty') return this.#result(false)
      await this.#commit(steps)
      this.#tell()
      const waitMs = start + (this.#moved * 1_000) / rate - clock.mono()
      if (waitMs > 0 && this.#seen < this.#total) await sleep(clock, waitMs, signal)
    }
    return this.#result(this.#seen < this.#total)
  }

  #result(stopped: boolean): Moved {
    const why = this.#why === undefined ? {} : { why: this.#why }
    return { ...this.#progress, ...why, stopped }
  }

  /** What was not moved goes back to its place, and counts as never taken. */
  async close(): Promise<void> {
    const back = [...this.#left, ...this.#taken].map((id): Settlement => {
      return { id, outcome: 'later', delayMs: 0 }
    })
    try {
      if (back.length > 0) await this.#from.settle(back)
    } finally {
      await this.#from.close()
    }
  }

  get #progress(): Progress {
    return { moved: this.#moved, left: this.#left.size, of: this.#total }
  }

  #tell(): void {
    const now = this.#host.os.clock.mono()
    if (now < this.#toldNext) return
    this.#toldNext = now + PROGRESS_MS
    this.#options.progress?.(this.#progress)
  }

  get #seen(): number {
    return this.#moved + this.#left.size
  }

  async #take(most: number): Promise<Step[] | 'empty'> {
    const steps: Step[] = []
    let looked = 0
    for (let bytes = 0; looked < most && bytes < STEP_BYTES; looked++) {
      const message = await this.#from.pull()
      if (message === undefined) break
      bytes += message.body.length
      const found = this.#place(message)
      const placed = typeof found === 'string' ? found : this.#kept(found, message.body.length)
      if (typeof placed !== 'string') {
        this.#taken.add(message.id)
        steps.push({ message, placed })
        continue
      }
      this.#left.add(message.id)
      this.#why ??= `message ${message.id}: ${placed}`
    }
    return looked === 0 ? 'empty' : steps
  }

  /** It, or why it would be dropped where it goes, or others for it. */
  #kept(placed: Placed, bytes: number): Placed | string {
    for (const name of placed.queues) {
      const queue = queueBehind(this.#host, name)
      const coming = this.#coming.get(name) ?? { messages: 0, bytes: 0 }
      const ready = this.#host.broker.queue(name)
      coming.messages++
      coming.bytes += bytes
      this.#coming.set(name, coming)
      const will = {
        messages: coming.messages + (ready?.ready ?? 0),
        bytes: coming.bytes + (ready?.bytes ?? 0),
      }
      const why = queue === undefined ? undefined : whyDropped(queue, will)
      if (why === undefined) continue
      coming.messages--
      coming.bytes -= bytes
      return why
    }
    return placed
  }

  /** Where all together are refused, each is tried alone, up to the first that is refused. */
  async #commit(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) return
    try {
      await this.#commitAll(steps)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      if (steps.length > 1) for (const step of steps) await this.#commit([step])
      else throw refusal('refused', `${error.message}; ${this.#moved} were moved before`)
    }
  }

  async #commitAll(steps: readonly Step[]): Promise<void> {
    const batch = this.#host.broker.batch()
    for (const { message, placed } of steps) {
      const { body } = message
      // What it was refused with is told by the commit.
      batch.publish({ ...placed, body, ...lifeOf(placed.properties) }).catch(() => undefined)
    }
    const done = steps.map(({ message: { id } }): Settlement => ({ id, outcome: 'done' }))
    batch.settle(this.#from, done)
    await batch.commit()
    this.#coming.clear()
    this.#moved += steps.length
    for (const { id } of done) this.#taken.delete(id)
  }
}

function queueBehind(host: AdministrationHost, coreName: string): AmqpQueue | undefined {
  for (const vhost of host.vhosts()) {
    const queue = vhost.queueBehind(coreName)
    if (queue !== undefined) return queue
  }
  return undefined
}

/** A queue that lets go of its oldest, or of all, would drop messages: nothing is to be lost. */
function whyDropped(
  { name, settings }: AmqpQueue,
  will: { messages: number; bytes: number },
): string | undefined {
  const { overflow, maxLength, maxLengthBytes, messageTtlMs } = settings
  if (messageTtlMs === 0) return `queue '${name}' keeps nothing: its time to live is 0`
  if (overflow !== 'drop-head') return undefined
  const full = maxLength !== undefined && will.messages > maxLength
  const heavy = maxLengthBytes !== undefined && will.bytes > maxLengthBytes
  return full || heavy ? `queue '${name}' is full, and would let go of its oldest` : undefined
}

/** Messages of one step. */
function stepOf(rate: number): number {
  return Math.max(1, Math.min(STEP_MESSAGES, Math.floor(rate / STEPS_PER_SECOND)))
}
