import type { Connection, Handlers } from './net.ts'

/** Notes what a connection tells, in order. */
export class Heard implements Handlers {
  readonly chunks: Uint8Array[] = []
  /** `end`, `drain`, `close`, in order. */
  readonly events: string[] = []
  error: Error | undefined
  readonly #waiting: { condition: () => boolean; resolve: () => void }[] = []

  /** Starts the connection and listens to it. */
  static to(connection: Connection): Heard {
    const heard = new Heard()
    connection.start(heard)
    return heard
  }

  get length(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  get text(): string {
    return new TextDecoder().decode(Buffer.concat(this.chunks))
  }

  /** Resolves when `condition` holds, looked at after everything that is told. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ condition, resolve }))
  }

  async event(name: string): Promise<void> {
    await this.until(() => this.events.includes(name))
  }

  data(chunk: Uint8Array): void {
    this.chunks.push(new Uint8Array(chunk))
    this.#look()
  }

  drain(): void {
    this.#note('drain')
  }

  end(): void {
    this.#note('end')
  }

  close(error?: Error): void {
    this.error = error
    this.#note('close')
  }

  #note(event: string): void {
    this.events.push(event)
    this.#look()
  }

  #look(): void {
    for (const { condition, resolve } of this.#waiting) if (condition()) resolve()
  }
}
