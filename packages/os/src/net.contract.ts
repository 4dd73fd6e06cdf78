import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heard } from './heard.fixture.ts'
import type { Connection, Listener, ListenOptions, Net } from './net.ts'

/** A network under test, a way to be its client, and a way to run what uses it. */
export interface NetUnderTest {
  readonly net: Net
  readonly tls?: ListenOptions['tls']
  connect(host: string, port: number): Promise<Connection>
  run(body: () => Promise<void>): Promise<void>
}

/** What every implementation of `Net` keeps; each rule gets a fresh one from `open`. */
export function netContract(name: string, open: () => NetUnderTest): void {
  for (const [rule, body] of Object.entries(rules)) {
    test(`${name}: ${rule}`, { timeout: 60_000 }, async () => {
      const under = open()
      await under.run(() => withPlace(under, body))
    })
  }
}

/** A listener, and the connections that were made to it. */
class Place {
  readonly accepted: Connection[] = []
  readonly clients: Connection[] = []
  listener!: Listener
  readonly under: NetUnderTest
  #waiting: ((connection: Connection) => void)[] = []

  constructor(under: NetUnderTest) {
    this.under = under
  }

  listen(port = 0): Promise<Listener> {
    const { net, tls } = this.under
    const options = { host: '127.0.0.1', port, ...(tls && { tls }) }
    return net.listen(options, (connection) => {
      this.accepted.push(connection)
      this.#waiting.shift()?.(connection)
    })
  }

  /** Both ends of a new connection. */
  async pair(): Promise<{ server: Connection; client: Connection }> {
    const accepted = new Promise<Connection>((resolve) => this.#waiting.push(resolve))
    const client = await this.under.connect('127.0.0.1', this.listener.port)
    this.clients.push(client)
    return { server: await accepted, client }
  }
}

async function withPlace(under: NetUnderTest, body: (place: Place) => Promise<void>) {
  const place = new Place(under)
  place.listener = await place.listen()
  try {
    await body(place)
  } finally {
    await place.listener.close()
    for (const connection of [...place.accepted, ...place.clients]) connection.destroy()
  }
}

/** Answers when the other side ends. */
class LastWords extends Heard {
  readonly #connection: Connection

  constructor(connection: Connection) {
    super()
    this.#connection = connection
  }

  override end(): void {
    this.#connection.write(bytes('answer'))
    super.end()
  }
}

const bytes = (text: string) => new TextEncoder().encode(text)
const many = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251)

/** Writes until the other side does not keep up; returns how much. */
function fill(connection: Connection): number {
  for (let written = 65_536; ; written += 65_536) {
    if (!connection.write(many(65_536))) return written
  }
}

const rules: Record<string, (place: Place) => Promise<void>> = {
  'port 0 becomes a free one, the address is told': async (place) => {
    assert.equal(place.listener.host, '127.0.0.1')
    const other = await place.listen()
    assert.ok(other.port > 0 && place.listener.port > 0)
    assert.notEqual(other.port, place.listener.port)
    await other.close()
  },
  'an address that is in use is refused, with its code': async (place) => {
    const { port } = place.listener
    await assert.rejects(place.listen(port), {
      code: 'EADDRINUSE',
      message: `Cannot listen on 127.0.0.1:${port}: the address is in use (EADDRINUSE)`,
    })
  },
  'an accepted connection knows who is there': async (place) => {
    const { server } = await place.pair()
    assert.equal(server.remote.host, '127.0.0.1')
    assert.ok(server.remote.port > 0)
    assert.equal(server.loopback, true)
    assert.equal(server.peerName, undefined)
  },
  'bytes arrive whole and in order, both ways': async (place) => {
    const { server, client } = await place.pair()
    const [atServer, atClient] = [Heard.to(server), Heard.to(client)]
    const sent = many(1_000_003)
    for (let at = 0; at < sent.length; at += 70_001) client.write(sent.subarray(at, at + 70_001))
    server.write(bytes('hel'))
    server.write(bytes('lo'))
    await atServer.until(() => atServer.length === sent.length)
    assert.deepEqual(Buffer.concat(atServer.chunks), Buffer.from(sent))
    await atClient.until(() => atClient.text === 'hello')
  },
  'nothing is told before start, all of it after': async (place) => {
    const { server, client } = await place.pair()
    client.write(bytes('early'))
    const second = await place.pair()
    const seen = Heard.to(second.server)
    second.client.write(bytes('ping'))
    await seen.until(() => seen.text === 'ping')
    const heard = new Heard()
    server.start(heard)
    assert.deepEqual([heard.length, heard.events], [0, []])
    await heard.until(() => heard.text === 'early')
  },
  'who does not keep up is told by write, and drain comes when all is taken': async (place) => {
    const { server, client } = await place.pair()
    const heard = Heard.to(server)
    const atClient = new Heard()
    const written = fill(server)
    assert.ok(server.buffered >= 65_536)
    assert.deepEqual(heard.events, [])
    client.start(atClient)
    await heard.event('drain')
    assert.equal(server.buffered, 0)
    await atClient.until(() => atClient.length === written)
  },
  'paused, a connection tells no data; resumed, it goes on where it was': async (place) => {
    const { server, client } = await place.pair()
    const other = await place.pair()
    const [heard, otherHeard] = [Heard.to(server), Heard.to(other.server)]
    client.write(bytes('a'))
    await heard.until(() => heard.text === 'a')
    server.pause()
    client.write(bytes('b'))
    other.client.write(bytes('x'))
    await otherHeard.until(() => otherHeard.text === 'x')
    assert.equal(heard.text, 'a')
    server.resume()
    await heard.until(() => heard.text === 'ab')
  },
  'a paused receiver holds the sender up': async (place) => {
    const { server, client } = await place.pair()
    const heard = Heard.to(server)
    server.pause()
    const atClient = Heard.to(client)
    const written = fill(client)
    server.resume()
    await atClient.event('drain')
    await heard.until(() => heard.length === written)
  },
  'end lets what is written through, then both sides close in order': async (place) => {
    const { server, client } = await place.pair()
    const [atServer, atClient] = [Heard.to(server), Heard.to(client)]
    server.write(many(300_000))
    server.end()
    await atClient.event('close')
    await atServer.event('close')
    assert.equal(atClient.length, 300_000)
    assert.deepEqual(atClient.events, ['end', 'close'])
    assert.deepEqual([atServer.error, atClient.error], [undefined, undefined])
  },
  'the other side ending ends ours after what is written': async (place) => {
    const { server, client } = await place.pair()
    const atServer = new LastWords(server)
    server.start(atServer)
    const atClient = Heard.to(client)
    client.write(bytes('last'))
    client.end()
    await atServer.event('close')
    await atClient.event('close')
    assert.equal(atServer.text, 'last')
    assert.equal(atClient.text, 'answer')
    assert.equal(atServer.error, undefined)
  },
  'destroy ends it at once, without an error; the other side notices': async (place) => {
    const { server, client } = await place.pair()
    const [atServer, atClient] = [Heard.to(server), Heard.to(client)]
    server.destroy()
    await atServer.event('close')
    assert.equal(atServer.error, undefined)
    await atClient.event('close')
  },
  'what is written after end, destroy or close is dropped, and nothing throws': async (place) => {
    const ended = await place.pair()
    const atClient = Heard.to(ended.client)
    const atServer = Heard.to(ended.server)
    ended.server.write(bytes('kept'))
    ended.server.end()
    assert.equal(ended.server.write(bytes('dropped')), false)
    await atClient.event('close')
    await atServer.event('close')
    assert.equal(atClient.text, 'kept')
    for (const connection of [ended.server, ended.client]) {
      assert.equal(connection.write(bytes('x')), false)
      connection.pause()
      connection.resume()
      connection.end()
      connection.destroy()
    }
    const { server } = await place.pair()
    const heard = Heard.to(server)
    server.destroy()
    assert.equal(server.write(bytes('x')), false)
    await heard.event('close')
  },
  'writing to one that is gone ends in close, once': async (place) => {
    const { server, client } = await place.pair()
    const heard = Heard.to(server)
    Heard.to(client)
    client.destroy()
    for (let times = 0; times < 10; times++) server.write(many(20_000))
    await heard.event('close')
    assert.equal(heard.events.filter((event) => event === 'close').length, 1)
    assert.equal(heard.events.at(-1), 'close')
  },
  'one that closed before start tells it when started': async (place) => {
    const { server } = await place.pair()
    server.destroy()
    const other = await place.pair()
    const seen = Heard.to(other.server)
    other.client.write(bytes('later'))
    await seen.until(() => seen.text === 'later')
    await Heard.to(server).event('close')
  },
  'a closed listener takes nobody, its connections stay, its port is free': async (place) => {
    const { server, client } = await place.pair()
    const heard = Heard.to(server)
    const { port } = place.listener
    await place.listener.close()
    await place.listener.close()
    await assert.rejects(place.under.connect('127.0.0.1', port), { code: 'ECONNREFUSED' })
    client.write(bytes('still here'))
    await heard.until(() => heard.text === 'still here')
    const again = await place.listen(port)
    assert.equal(again.port, port)
    await again.close()
  },
}
