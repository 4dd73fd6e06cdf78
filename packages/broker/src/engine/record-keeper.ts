import type { RecordPut, Records } from '../api.ts'
import { BrokerError } from '../errors.ts'
import { demandOpen, type Engine, track } from './engine.ts'
import type { Intake } from './publish.ts'
import { appendRecords, changeBytes, type RecordChange } from './record-entry.ts'

const DOING = 'Cannot put records'

/** Checks, writes and reads records. What is read is on disk. */
export class RecordKeeper implements Records {
  readonly #engine: Engine
  readonly #intake: Intake
  /** Puts that wait for the log to have room; later ones go behind them. */
  #waiting = 0
  /** By how much the puts on their way to the disk may make the records grow, bytes. */
  #growth = 0

  constructor(engine: Engine, intake: Intake) {
    this.#engine = engine
    this.#intake = intake
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#engine.state.records.get(key)
    return value && new Uint8Array(value)
  }

  entries(prefix: string): [key: string, value: Uint8Array][] {
    const found = this.#engine.state.records.startingWith(prefix)
    return found.map(([key, value]) => [key, new Uint8Array(value)])
  }

  async put(puts: readonly RecordPut[]): Promise<void> {
    demandOpen(this.#engine, DOING)
    if (puts.length === 0) return this.#engine.log.durable()
    const changes = puts.map((put) => this.#changeOf(put))
    const bytes = changes.reduce((sum, change) => sum + changeBytes(change), 0)
    const growth = this.#checkBytes(puts, bytes)
    return track(this.#engine, this.#write(changes, bytes, growth))
  }

  #write(changes: readonly RecordChange[], bytes: number, growth: number): Promise<void> {
    this.#growth += growth
    return new Promise<void>((resolve, reject) => {
      const over = (error?: Error) => {
        this.#growth -= growth
        if (error === undefined) resolve()
        else reject(error)
      }
      const go = () => {
        const { log } = this.#engine
        if (log.failure !== undefined) return over(log.failure)
        appendRecords(log, changes)
        log.onDurable(over)
      }
      // A full disk does not stop what only deletes.
      const deletes = changes.every(({ value }) => value === undefined)
      if (deletes && this.#waiting === 0) return go()
      this.#whenRoom(bytes, go, over)
    })
  }

  #whenRoom(bytes: number, go: () => void, refuse: (error: BrokerError) => void): void {
    this.#waiting++
    const done = () => this.#waiting--
    const refused = ({ code, message }: BrokerError) => {
      done()
      refuse(new BrokerError(code, message.replace(/^[^:]*/, DOING)))
    }
    const granted = () => {
      done()
      go()
    }
    this.#intake.whenRoom(bytes, granted, refused)
  }

  #changeOf({ key, value }: RecordPut): RecordChange {
    const { recordKeyBytesMax, recordValueBytesMax } = this.#engine.limits
    if (typeof key !== 'string') throw new BrokerError('ARGUMENT', `${DOING}: a key is no string`)
    const bytes = Buffer.from(key)
    if (bytes.length < 1 || bytes.length > recordKeyBytesMax) {
      const text = `a key has ${bytes.length} bytes, 1 to ${recordKeyBytesMax} are possible`
      throw new BrokerError('LIMIT', `${DOING}: ${text}`)
    }
    if (value === undefined) return { key: bytes, value }
    if (!(value instanceof Uint8Array)) {
      throw new BrokerError('ARGUMENT', `${DOING}: the value of ${key} is no Uint8Array`)
    }
    if (value.length > recordValueBytesMax) {
      const text = `the value of ${key} has ${value.length} bytes, limit ${recordValueBytesMax}`
      throw new BrokerError('LIMIT', `${DOING}: ${text}`)
    }
    return { key: bytes, value: new Uint8Array(value) }
  }

  /** By how much they may make the records grow; what a delete frees counts once it is on disk. */
  #checkBytes(puts: readonly RecordPut[], bytes: number): number {
    const { state, limits } = this.#engine
    if (bytes > limits.messageBytesMax) {
      const text = `${bytes} bytes at once, limit ${limits.messageBytesMax}`
      throw new BrokerError('LIMIT', `${DOING}: ${text}`)
    }
    this.#intake.demandPending(bytes, 1, DOING)
    let growth = 0
    for (const { key, value } of puts) {
      if (value === undefined) continue
      const before = state.records.get(key)
      const added = value.length - (before?.length ?? -Buffer.byteLength(key))
      growth += Math.max(0, added)
    }
    const all = state.records.bytes + this.#growth + growth
    if (growth === 0 || all <= limits.recordBytesMax) return growth
    const text = `${all} bytes of records in all, limit ${limits.recordBytesMax}`
    throw new BrokerError('LIMIT', `${DOING}: ${text}`)
  }
}
