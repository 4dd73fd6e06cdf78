import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** `asked`: the COMMIT never arrives. `answered`: it is carried out, and its answer is lost. */
export type Cut = 'asked' | 'answered' | 'never'

/** MySQL's command byte for a statement, and the text. */
const COMMIT = Buffer.from('\x03COMMIT', 'latin1')

/** Stands between store and server, and cuts the connection at a COMMIT. */
export class CuttingProxy {
  readonly #server: Server
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  cut: Cut = 'never'

  constructor(url: string) {
    this.#target = new URL(url)
    this.#server = createServer((client) => this.#join(client))
  }

  /** The database's address through this proxy. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const { port } = this.#server.address() as AddressInfo
    return Object.assign(new URL(this.#target), { port: String(port) }).href
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    const { hostname, port } = this.#target
    const server = connect(Number(port), hostname)
    const end = () => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', end)
    }
    let answerIsLost = false
    client.on('data', (bytes: Buffer) => {
      const isCommit = bytes.subarray(4).equals(COMMIT)
      if (isCommit && this.cut === 'asked') return end()
      answerIsLost = isCommit && this.cut === 'answered'
      server.write(bytes)
    })
    server.on('data', (bytes: Buffer) => {
      if (answerIsLost) end()
      else client.write(bytes)
    })
  }
}
