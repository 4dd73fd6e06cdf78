import { type Connection, type Handlers, type NetError, WRITE_HIGH_BYTES } from '../net.ts'
import { type Item, type Mark, Pipe } from './pipe.ts'
import type { SimulatedProcess } from './process.ts'
import type { SeededRandom } from './random.ts'
import { type Scheduler, TICK_MS } from './scheduler.ts'

export interface EndOptions {
  readonly process: SimulatedProcess
  readonly remote: { readonly host: string; readonly port: number }
  readonly peerName: string | undefined
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly latencyMs: readonly [min: number, max: number]
  /** Told once, when this end is over. */
  readonly over: (end: ConnectionEnd) => void
}

/** What bytes become that were good during a call only. */
const GONE = 0xdb

/** One end of a simulated connection. */
export class ConnectionEnd implements Connection {
  readonly remote: { readonly host: string; readonly port: number }
  readonly loopback: boolean
  readonly peerName: string | undefined
  readonly process: SimulatedProcess
  readonly #options: EndOptions
  readonly #out: Pipe
  #peer!: ConnectionEnd
  #handlers: Handlers | undefined
  #inbox: Item[] = []
  #unread = 0
  #paused = false
  #needsDrain = false
  /** `end` was called. */
  #ended = false
  /** The system has taken our end. */
  #endTaken = false
  #heardEnd = false
  #over: { readonly error: Error | undefined } | undefined
  #lastArrival = 0

  constructor(options: EndOptions) {
    this.#options = options
    this.process = options.process
    this.remote = options.remote
    this.loopback = options.remote.host === '::1' || options.remote.host.startsWith('127.')
    this.peerName = options.peerName
    this.#out = new Pipe({
      random: options.random,
      travel: (arrive) => this.#peer.#soon(arrive),
      arrived: (item) => this.#peer.#arrived(item),
      unread: () => this.#peer.#unread,
      taken: () => this.#drained(),
      ended: () => {
        this.#endTaken = true
        this.#closeIfBothEnded()
      },
    })
  }

  /** Joins two ends to a connection. */
  static join(one: ConnectionEnd, other: ConnectionEnd): void {
    one.#peer = other
    other.#peer = one
  }

  get peer(): ConnectionEnd {
    return this.#peer
  }

  get buffered(): number {
    return this.#out.buffered
  }

  start(handlers: Handlers): void {
    this.#handlers = handlers
    if (this.#over) this.#tellClose(this.#over.error)
    else this.#turn(() => this.#read())
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.#over || !this.process.alive) return false
    this.#out.write(bytes)
    const keepsUp = this.#out.buffered < WRITE_HIGH_BYTES
    if (!keepsUp) this.#needsDrain = true
    return keepsUp
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#turn(() => this.#read())
  }

  end(): void {
    if (this.#ended || this.#over || !this.process.alive) return
    this.#ended = true
    this.#out.end()
  }

  destroy(): void {
    if (this.#over || !this.process.alive) return
    this.#out.break(this.#unread > 0 || this.#options.random.chance(0.5) ? 'reset' : 'fin')
    this.#finish(undefined)
  }

  /** The process of this end is gone; the other end hears of it after `silentMs`. */
  abandon(silentMs: number): void {
    if (this.#over) return
    this.#over = { error: undefined }
    const broken = silentMs > 0 || this.#options.random.chance(0.5)
    const mark: Mark = broken ? 'reset' : 'fin'
    if (broken) this.#out.lose()
    this.#out.drop()
    this.#peer.#after(silentMs, () => this.#out.break(mark))
  }

  /** The network loses what is on its way from here from some byte on; the other end hears so. */
  cut(): void {
    this.#out.lose()
    this.#out.break('reset')
  }

  #arrived(item: Item): void {
    if (this.#over) {
      if (typeof item !== 'string') this.#out.break('reset')
      return
    }
    this.#inbox.push(item)
    if (typeof item !== 'string') this.#unread += item.length
    this.#read()
  }

  #read(): void {
    while (this.#handlers && !this.#paused && !this.#over) {
      const item = this.#inbox.shift()
      if (item === undefined) return
      this.#hand(item, this.#handlers)
    }
  }

  #hand(item: Item, handlers: Handlers): void {
    if (item === 'reset') return this.#finish(resetError())
    if (item === 'fin') {
      this.#heardEnd = true
      handlers.end()
      this.end()
      return this.#closeIfBothEnded()
    }
    this.#unread -= item.length
    this.#peer.#out.pump()
    // As in the real one, what is kept of it without a copy is lost.
    const chunk = new Uint8Array(item)
    handlers.data(chunk)
    chunk.fill(GONE)
  }

  #drained(): void {
    if (!this.#needsDrain) return
    this.#needsDrain = false
    this.#soon(() => {
      if (!this.#over) this.#handlers?.drain()
    })
  }

  #closeIfBothEnded(): void {
    if (this.#heardEnd && this.#endTaken) this.#finish(undefined)
  }

  #finish(error: Error | undefined): void {
    if (this.#over) return
    this.#over = { error }
    this.#options.over(this)
    this.#tellClose(error)
  }

  #tellClose(error: Error | undefined): void {
    this.#turn(() => this.#handlers?.close(error))
  }

  #turn(run: () => void): void {
    this.#options.scheduler.schedule(this.process, TICK_MS, run, { inOrder: true })
  }

  /** Runs `run` in this end's process after the network's delay, never before an earlier one. */
  #soon(run: () => void): void {
    const [min, max] = this.#options.latencyMs
    const delay = min + this.#options.random.next() * (max - min)
    const { now } = this.#options.scheduler
    this.#lastArrival = Math.max(this.#lastArrival, now + Math.ceil(delay / TICK_MS) * TICK_MS)
    this.#after(this.#lastArrival - now, run)
  }

  #after(delayMs: number, run: () => void): void {
    this.#options.scheduler.schedule(this.process, delayMs, run, { inOrder: true })
  }
}

function resetError(): NetError {
  const text = 'Cannot go on with the connection: the other side or the network broke it'
  return Object.assign(new Error(`${text} (ECONNRESET)`), { code: 'ECONNRESET' })
}
