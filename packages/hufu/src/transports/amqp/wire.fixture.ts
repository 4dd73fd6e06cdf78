import { connect, createServer, type Server, type Socket } from 'node:net'

/** A wire between a transport and its server, to be cut. */
export class Wire {
  readonly #target: URL
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0
  #silent = false
  #refusing = false
  #dropped: string | undefined

  constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((socket) => this.#join(socket))
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as { port: number }).port
    return this
  }

  /** The target's address, with this wire in between. */
  get url(): string {
    const url = new URL(this.#target)
    url.host = `127.0.0.1:${this.#port}`
    return url.href
  }

  /** Ends every connection as a lost machine does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** From now on what the server says does not arrive. */
  silence(): void {
    this.#silent = true
  }

  /** Of what the server says, this method does not arrive; `undefined`: everything does. */
  drop(method: readonly [classId: number, methodId: number] | undefined): void {
    this.#dropped = method?.join()
  }

  /** New connections end at once, until told otherwise. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket): void {
    if (this.#refusing) return void near.destroy()
    const far = connect(Number(this.#target.port), this.#target.hostname)
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    near.on('data', (bytes) => far.write(bytes))
    let rest = Buffer.alloc(0)
    far.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      for (let frame = frameOf(rest); frame; frame = frameOf(rest)) {
        rest = rest.subarray(frame.length)
        if (!this.#silent && methodOf(frame) !== this.#dropped) near.write(frame)
      }
    })
  }
}

/** The first frame, when it has come whole: type, channel, length, body and an end byte. */
function frameOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 7) return undefined
  const length = 8 + bytes.readUInt32BE(3)
  return bytes.length < length ? undefined : bytes.subarray(0, length)
}

function methodOf(frame: Buffer): string | false {
  return frame[0] === 1 && `${frame.readUInt16BE(7)},${frame.readUInt16BE(9)}`
}
