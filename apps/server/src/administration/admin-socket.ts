import { chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { Administration } from '@hufu/broker/amqp'
import type { Os } from '@hufu/os'
import type { Log } from '../serve/log.ts'
import { AdminHandler, type Done } from './admin-handler.ts'
import { newPlace, removePlace } from './socket-place.ts'

/** At its end verbs get so long to take what they are told, ms. */
const CLOSE_MS = 3_000

const LOOKING = /\.(list|peek)$/

/** Where verbs reach a running server: a Unix socket that only its user may open. */
export class AdminSocket {
  readonly path: string
  readonly #dir: string
  readonly #os: Os
  readonly #server: Server
  readonly #handler: AdminHandler

  private constructor(dir: string, administration: Administration, os: Os, log: Log) {
    this.path = newPlace(dir)
    this.#dir = dir
    this.#os = os
    this.#handler = new AdminHandler(administration, os.random, (done) => note(log, done))
    this.#server = createServer(this.#handler.handle)
  }

  /** The folder is this process's: a socket that is there is of a former life. */
  static async open(
    dir: string,
    administration: Administration,
    os: Os,
    log: Log,
  ): Promise<AdminSocket> {
    const socket = new AdminSocket(dir, administration, os, log)
    await listen(socket.#server, socket.path)
    return socket
  }

  /** Ends what is under way; its verbs are told how far it came. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#handler.stop()
    this.#server.closeIdleConnections()
    const timer = this.#os.clock.timer(CLOSE_MS, () => this.#server.closeAllConnections())
    await closed
    timer.cancel()
    removePlace(this.#dir)
  }
}

/** Who only looked is not worth a line. */
function note(log: Log, { operation, input, error }: Done): void {
  if (LOOKING.test(operation)) return
  const what = { operation, ...input?.told() }
  if (error === undefined) log.info('administration', what)
  else log.warn('administration', { ...what, error })
}

/** The socket is made within `listen`, and is nobody else's from the first moment. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const before = process.umask(0o177)
    try {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        chmodSync(path, 0o600)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}
