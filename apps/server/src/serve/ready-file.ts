import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { UsageError } from '../verb.ts'

/** What the ready file says. */
export interface Ready {
  readonly pid: number
  /** Addresses that accept, such as `127.0.0.1:5672` or `[::1]:5672`. */
  readonly amqp: readonly string[]
  readonly amqps: readonly string[]
}

/** Tells others when the server accepts; without a path it does nothing. */
export class ReadyFile {
  readonly #path: string | undefined

  constructor(path: string | undefined) {
    this.#path = path
  }

  /** Writes it whole: whoever sees the file sees all of it. */
  write(ready: Ready): void {
    if (this.#path === undefined) return
    const partial = `${this.#path}.${ready.pid}.tmp`
    writeFileSync(partial, `${JSON.stringify(ready)}\n`)
    // Whoever waits for it may be another user; the rest of what the server writes is its own.
    chmodSync(partial, 0o644)
    renameSync(partial, this.#path)
  }

  remove(): void {
    if (this.#path === undefined) return
    try {
      rmSync(this.#path, { force: true })
    } catch (error) {
      const { message } = error as Error
      throw new UsageError(`Cannot remove ready-file ${this.#path}: ${message}`, { cause: error })
    }
  }
}
