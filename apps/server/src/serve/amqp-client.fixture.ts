import * as tcp from 'node:net'
import * as tls from 'node:tls'

const FRAME_END = 0xce

/** As much of an AMQP client as it takes to be connected, and to hear the server close. */
export class AmqpClient {
  readonly #socket: tcp.Socket
  #bytes = Buffer.alloc(0)
  #over = false
  #look: () => void = () => {}

  private constructor(socket: tcp.Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#look()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#over = true
      this.#look()
    })
  }

  /** Connects to `HOST:PORT` as guest, with TLS when `ca` is given. */
  static async connect(address: string, ca?: string): Promise<AmqpClient> {
    const client = AmqpClient.#greet(address, ca)
    await client.method(10, 10)
    client.#send(10, 11, table(), short('PLAIN'), long('\0guest\0guest'), short('en_US'))
    const tune = await client.method(10, 30)
    client.#send(10, 31, tune.subarray(0, 6), Buffer.alloc(2))
    client.#send(10, 40, short('/'), short(''), Buffer.alloc(1))
    await client.method(10, 41)
    return client
  }

  /** What the server says of itself, as bytes. */
  static async serverProperties(address: string): Promise<Buffer> {
    const client = AmqpClient.#greet(address)
    const start = await client.method(10, 10)
    client.destroy()
    return start
  }

  static #greet(address: string, ca?: string): AmqpClient {
    const { hostname, port } = new URL(`amqp://${address}`)
    const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
    const client = new AmqpClient(ca === undefined ? tcp.connect(to) : tls.connect({ ...to, ca }))
    client.#socket.write('AMQP\0\0\x09\x01', 'latin1')
    return client
  }

  /** Arguments of the next frame, which must be this method. */
  async method(classId: number, methodId: number): Promise<Buffer> {
    const payload = await this.#frame()
    const found = [payload.readUInt16BE(0), payload.readUInt16BE(2)]
    if (found[0] === classId && found[1] === methodId) return payload.subarray(4)
    throw new Error(`Cannot go on: got method ${found}, not ${classId},${methodId}`)
  }

  /** Opens channel 1 and asks there for a durable queue; does not wait for the answer. */
  async declareQueue(name: string): Promise<void> {
    this.#send(20, 10, short(''))
    await this.method(20, 11)
    this.#send(50, 10, Buffer.alloc(2), short(name), Buffer.of(2), table())
  }

  /** Resolves with the reply code when the server closes the connection; does not answer. */
  async closedWith(): Promise<number> {
    return (await this.method(10, 50)).readUInt16BE(0)
  }

  closeOk(): void {
    this.#send(10, 51)
  }

  async over(): Promise<void> {
    while (!this.#over) await this.#more()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  async #frame(): Promise<Buffer> {
    while (this.#bytes.length < 8 || this.#bytes.length < 8 + this.#bytes.readUInt32BE(3)) {
      if (this.#over) throw new Error('Cannot read a frame: the connection is over')
      await this.#more()
    }
    const end = 7 + this.#bytes.readUInt32BE(3)
    const payload = this.#bytes.subarray(7, end)
    this.#bytes = this.#bytes.subarray(end + 1)
    return payload
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#look = resolve
    })
  }

  #send(classId: number, methodId: number, ...args: Buffer[]): void {
    const ids = Buffer.alloc(4)
    ids.writeUInt16BE(classId, 0)
    ids.writeUInt16BE(methodId, 2)
    const payload = Buffer.concat([ids, ...args])
    const header = Buffer.alloc(7)
    header.writeUInt8(1, 0)
    header.writeUInt16BE(classId === 10 ? 0 : 1, 1)
    header.writeUInt32BE(payload.length, 3)
    this.#socket.write(Buffer.concat([header, payload, Buffer.of(FRAME_END)]))
  }
}

const table = () => Buffer.alloc(4)

function short(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)])
}

function long(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}
