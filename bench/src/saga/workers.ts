import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Usage } from './worker.ts'

/** A process of the bench, listening on `port`. */
export class Worker {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** Starts the file of this folder; what it is given comes to it as JSON. */
  static async start(file: string, given: object = {}): Promise<Worker> {
    const child = fork(join(import.meta.dirname, file), [JSON.stringify(given)])
    try {
      const { port } = await answer<{ port: number }>(child, file)
      return new Worker(child, port)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  usage(): Promise<Usage> {
    const answered = answer<Usage>(this.#child, 'a worker')
    this.#child.send('usage')
    return answered
  }

  /** SIGKILL: nothing of it is needed any more. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

function answer<T>(child: ChildProcess, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`${name} ended before it answered`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.removeListener('exit', onExit)
      resolve(message as T)
    })
  })
}
