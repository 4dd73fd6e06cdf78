import type { Connection, Listener, ListenOptions, Net, NetError } from '../net.ts'
import { ConnectionEnd, type EndOptions } from './net-connection.ts'
import type { SimulatedProcess } from './process.ts'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** First port given for port 0 and to clients, as on Linux. */
const PORT_FREE_MIN = 32_768

/** After a power cut a client may hear nothing for so long. */
const SILENT_MS_MAX = 30_000

export interface NetOptions {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly trace: Trace
  readonly latencyMs: readonly [min: number, max: number]
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** The client's address. Default 127.0.0.1. */
  readonly from?: string
  /** Common name of the client's certificate; a listener with `tls.ca` is told it. */
  readonly peerName?: string
}

interface Accepting {
  readonly options: ListenOptions
  readonly process: SimulatedProcess
  readonly onConnection: (connection: Connection) => void
}

/**
 * The network of the world: the program listens, the test is its clients, which outlive it.
 *
 * Shows: bytes that arrive late and in other pieces than written; receivers that do not keep up;
 * answers half sent when the process is killed; after a power cut, silence; connections that break.
 *
 * Cannot show: damaged, doubled or overtaking bytes within a connection (TCP has none); a listener
 * whose queue is full; a network slower in bytes per second than in delay. TLS is taken for done:
 * certificates are not looked at.
 */
export class SimulatedNet {
  readonly #options: NetOptions
  readonly #listeners = new Map<string, Accepting>()
  readonly #ends = new Set<ConnectionEnd>()
  /** Where the clients are: a process that never ends. */
  readonly #outside: SimulatedProcess = { number: 0, startedAt: 0, alive: true }
  #nextPort = PORT_FREE_MIN

  constructor(options: NetOptions) {
    this.#options = options
  }

  /** Ends of connections of the running program that are not over. */
  get openConnections(): number {
    return [...this.#ends].filter((end) => end.process !== this.#outside).length
  }

  /** Connects as a client from outside. Rejects with `ECONNREFUSED` where nobody listens. */
  connect(options: ConnectOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      this.#later(this.#outside, () => {
        const accepting = this.#listeners.get(keyOf(options))
        if (accepting) resolve(this.#connected(options, accepting))
        else
          reject(netError('ECONNREFUSED', `connect to ${keyOf(options)}`, 'nobody listens there'))
      })
    })
  }

  /** Breaks every open connection; of what is on its way the first bytes arrive, by chance. */
  cut(): void {
    this.#options.trace.add(`${this.#options.scheduler.now} connections cut`)
    for (const end of this.#ends) end.cut()
  }

  /** The network of one process; its listeners and connections end with it. */
  portFor(process: SimulatedProcess): Net {
    return {
      listen: (options, onConnection) =>
        new Promise((resolve, reject) => {
          this.#later(process, () => {
            const tried = `listen on ${keyOf(options)}`
            if (!this.#listeners.has(keyOf(options))) {
              resolve(this.#listen({ options, process, onConnection }))
            } else reject(netError('EADDRINUSE', tried, 'the address is in use'))
          })
        }),
    }
  }

  /** What a killed process had sent may arrive; after a power cut its clients may wait. */
  processEnded(ended: SimulatedProcess, by: 'kill' | 'power cut'): void {
    for (const [key, { process }] of this.#listeners) {
      if (process === ended) this.#listeners.delete(key)
    }
    for (const end of [...this.#ends].filter(({ process }) => process === ended)) {
      this.#ends.delete(end)
      end.abandon(by === 'kill' ? 0 : this.#options.random.next() * SILENT_MS_MAX)
    }
  }

  #listen(accepting: Accepting): Listener {
    const host = addressOf(accepting.options.host)
    const port = accepting.options.port || this.#nextPort++
    const key = keyOf({ host, port })
    this.#listeners.set(key, accepting)
    return {
      host,
      port,
      close: async () => {
        if (this.#listeners.get(key) === accepting) this.#listeners.delete(key)
      },
    }
  }

  #connected(options: ConnectOptions, { options: listens, process, onConnection }: Accepting) {
    const port = this.#nextPort++
    const peerName = listens.tls?.ca === undefined ? undefined : options.peerName
    const random = this.#options.random.fork(`connection ${port}`)
    const from = { host: options.from ?? '127.0.0.1', port }
    const to = { host: addressOf(options.host), port: options.port }
    const server = this.#end({ process, remote: from, peerName, random: random.fork('server') })
    const outside = { process: this.#outside, remote: to, peerName: undefined }
    const client = this.#end({ ...outside, random: random.fork('client') })
    ConnectionEnd.join(server, client)
    this.#options.scheduler.schedule(process, 0, () => onConnection(server))
    return client
  }

  #end(own: Pick<EndOptions, 'process' | 'remote' | 'peerName' | 'random'>): ConnectionEnd {
    const { scheduler, latencyMs } = this.#options
    const over = (gone: ConnectionEnd) => this.#ends.delete(gone)
    const end = new ConnectionEnd({ ...own, scheduler, latencyMs, over })
    this.#ends.add(end)
    return end
  }

  #later(process: SimulatedProcess, run: () => void): void {
    const [min, max] = this.#options.latencyMs
    const delayMs = min + this.#options.random.next() * (max - min)
    this.#options.scheduler.schedule(process, delayMs, run)
  }
}

function addressOf(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

function keyOf({ host, port }: { host: string; port: number }): string {
  const address = addressOf(host)
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function netError(code: string, tried: string, isTheCase: string): NetError {
  return Object.assign(new Error(`Cannot ${tried}: ${isTheCase} (${code})`), { code })
}
