import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A process of the bench that answers each message with one. */
export class Child {
  readonly #file: string
  readonly #process: ChildProcess

  /** Starts the file of this folder. */
  constructor(file: string) {
    this.#file = file
    this.#process = fork(join(import.meta.dirname, file))
  }

  get pid(): number {
    return this.#process.pid!
  }

  ask<Answer>(question: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error(`${this.#file} ended before it answered`))
      this.#process.once('exit', onExit)
      this.#process.once('message', (answer: Answer & { error?: string }) => {
        this.#process.off('exit', onExit)
        if (answer.error === undefined) resolve(answer)
        else reject(new Error(`${this.#file}: ${answer.error}`))
      })
      this.#process.send(question)
    })
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}
