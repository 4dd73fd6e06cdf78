import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Connection, type Handlers, WRITE_HIGH_BYTES } from '../net.ts'

/** A socket as a connection. */
export class NodeConnection implements Connection {
  readonly remote: { readonly host: string; readonly port: number }
  readonly loopback: boolean
  readonly peerName: string | undefined
  readonly #socket: Socket
  /** Why it closed; the socket's `close` event does not say. */
  #error: Error | undefined

  constructor(socket: Socket, peerName?: string) {
    this.#socket = socket
    // They are undefined on a connection that was gone before it could be accepted.
    this.remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    this.loopback = isLoopback(this.remote.host)
    this.peerName = peerName
    // From now on an error has a listener; without one it would end the process.
    socket.on('error', (error) => {
      this.#error ??= error
    })
  }

  get buffered(): number {
    return this.#socket.writableLength
  }

  start(handlers: Handlers): void {
    const socket = this.#socket
    const closed = () => handlers.close(this.#error)
    if (socket.closed) {
      process.nextTick(closed)
      return
    }
    socket.on('data', (chunk: Buffer) => {
      handlers.data(chunk)
      giveBack(chunk)
    })
    socket.on('drain', () => handlers.drain())
    socket.on('end', () => {
      handlers.end()
      socket.end()
    })
    socket.on('close', closed)
    socket.resume()
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket
    if (!socket.writable) return false
    socket.write(bytes)
    // Not what `write` returned: that one counts bytes that the system took meanwhile.
    return socket.writableLength < WRITE_HIGH_BYTES
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** Smaller ones are not worth it, bytes. */
const GIVEN_BACK_MIN = 4096

/** The collector would have to run for what is read alone: 10 to 15 % of a busy server's time. */
function giveBack({ buffer, byteLength }: Buffer): void {
  // What is only a part of its memory shares that with others.
  if (byteLength < GIVEN_BACK_MIN || byteLength !== buffer.byteLength) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}

function isLoopback(host: string): boolean {
  return host === '::1' || /^(::ffff:)?127\./.test(host)
}

/** The common name of a good certificate; several are taken for none. */
export function commonName(socket: TLSSocket): string | undefined {
  if (!socket.authorized) return undefined
  const name: unknown = socket.getPeerCertificate().subject?.CN
  return typeof name === 'string' ? name : undefined
}
