import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind, Place } from './kind.ts'
import { removeFolder } from './leftovers.ts'
import type { ServerProcess } from './server-process.ts'
import { launch, tailOfLog } from './server-process.ts'
import type { Running, ServiceName } from './service.ts'

const READY_MS = 60_000
const PROBE_EVERY_MS = 50

/** One server, over all its starts. */
export class Server implements Running {
  readonly name: ServiceName
  readonly version: string
  readonly url: string
  readonly #kind: Kind
  readonly #place: Place
  #process: ServerProcess | undefined

  constructor(kind: Kind, place: Place, version: string) {
    this.name = kind.name
    this.version = version
    this.url = kind.url(place)
    this.#kind = kind
    this.#place = place
  }

  get pid(): number {
    if (this.#process) return this.#process.pid
    throw new Error(`Cannot tell the process id of ${this.name}: it was never started`)
  }

  /** True when its process ended by itself or was ended. */
  get hasEnded(): boolean {
    return this.#process?.ended() !== undefined
  }

  /** Resolves when a client can work with it. */
  async start(): Promise<void> {
    this.#process = await launch(this.#kind, this.#place)
    const end = Date.now() + READY_MS
    for (;;) {
      const refusal = await this.#kind.probe(this.url).then(() => undefined, String)
      if (refusal === undefined) return
      const ended = this.#process.ended()
      if (ended) throw this.#cannotStart(ended)
      if (Date.now() > end) {
        await this.kill()
        throw this.#cannotStart(`not ready after ${READY_MS / 1000} s: ${refusal}`)
      }
      await sleep(PROBE_EVERY_MS)
    }
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
    removeFolder(this.#place.folder)
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async restart(): Promise<void> {
    await this.#process?.stop()
    await this.start()
  }

  #cannotStart(cause: string): Error {
    const { port } = this.#place
    const what = `Cannot start ${this.name} ${this.version} on port ${port}`
    return new Error(`${what}: ${cause}; ${tailOfLog(this.#place)}`)
  }
}
