import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as tcp from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { cannotRunHere } from '../../../../tools/skip.ts'
import { Heard } from '../heard.fixture.ts'
import { netContract } from '../net.contract.ts'
import type { Connection, Listener } from '../net.ts'
import { nodeNet } from './net.ts'
import { NodeConnection } from './net-connection.ts'

const pem = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/tls', name), 'utf8')

const OURS = { cert: pem('server.pem'), key: pem('server.key') }
const ca = pem('ca.pem')

function opened(socket: tcp.Socket, event: string): Promise<Connection> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once(event, () => resolve(new NodeConnection(socket)))
  })
}

const connectPlain = (host: string, port: number) =>
  opened(tcp.connect({ host, port, noDelay: true }), 'connect')

const connectTls = (host: string, port: number, own: tls.SecureContextOptions = {}) =>
  opened(tls.connect({ host, port, ca, ...own }), 'secureConnect')

const run = (body: () => Promise<void>) => body()

netContract('sockets', () => ({ net: nodeNet, connect: connectPlain, run }))
netContract('sockets with TLS', () => ({ net: nodeNet, tls: OURS, connect: connectTls, run }))

/** A TLS listener that asks for certificates; gives what it took and what it refused. */
async function asking(body: (listener: Listener, taken: Took) => Promise<void>): Promise<void> {
  const took = new Took()
  const listener = await nodeNet.listen(
    {
      host: '127.0.0.1',
      port: 0,
      tls: { ...OURS, ca },
      onRefused: (error) => took.note(error),
    },
    (connection) => took.note(connection),
  )
  try {
    await body(listener, took)
  } finally {
    await listener.close()
  }
}

class Took {
  readonly #seen: (Connection | Error)[] = []
  #wake: () => void = () => {}

  note(what: Connection | Error): void {
    this.#seen.push(what)
    this.#wake()
  }

  async next(): Promise<Connection | Error> {
    while (this.#seen.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#seen.shift()!
  }

  async connection(): Promise<Connection> {
    const next = await this.next()
    if (next instanceof Error) throw next
    return next
  }
}

test('a good client certificate gives its common name, none gives none', async () => {
  await asking(async ({ port }, took) => {
    const own = { cert: pem('client.pem'), key: pem('client.key') }
    const alice = await connectTls('127.0.0.1', port, own)
    const seen = await took.connection()
    assert.equal(seen.peerName, 'alice')
    const nobody = await connectTls('127.0.0.1', port)
    assert.equal((await took.connection()).peerName, undefined)
    for (const each of [alice, nobody]) each.destroy()
  })
})

test('a client certificate of a stranger is refused, whatever name it bears', async () => {
  await asking(async ({ port }, took) => {
    const own = { cert: pem('stranger.pem'), key: pem('stranger.key') }
    const stranger = await connectTls('127.0.0.1', port, own)
    const refused = await took.next()
    assert.ok(refused instanceof Error)
    assert.match(refused.message, /^Cannot take a connection: the client's certificate is not good/)
    await Heard.to(stranger).event('close')
  })
})

test('a certificate that nobody asked for gives no name', async () => {
  const accepted = Promise.withResolvers<Connection>()
  const listener = await nodeNet.listen({ host: '127.0.0.1', port: 0, tls: OURS }, accepted.resolve)
  const own = { cert: pem('client.pem'), key: pem('client.key') }
  const client = await connectTls('127.0.0.1', listener.port, own)
  const server = await accepted.promise
  assert.equal(server.peerName, undefined)
  client.destroy()
  await Heard.to(server).event('close')
  await listener.close()
})

test('who does not speak TLS is refused, and the next is taken', async () => {
  await asking(async ({ port }, took) => {
    const rude = await connectPlain('127.0.0.1', port)
    rude.write(new TextEncoder().encode('AMQP\0\0\x09\x01'))
    const refused = await took.next()
    assert.ok(refused instanceof Error)
    assert.match(refused.message, /^Cannot take a connection: the TLS handshake failed: /)
    await Heard.to(rude).event('close')
    const polite = await connectTls('127.0.0.1', port)
    await took.connection()
    polite.destroy()
  })
})

test('a key that does not fit, or no PEM at all, is said at listen', async () => {
  for (const key of [pem('client.key'), 'no key']) {
    const tried = nodeNet.listen({ host: '127.0.0.1', port: 0, tls: { ...OURS, key } }, () => {})
    await assert.rejects(tried, /^Error: Cannot listen on 127\.0\.0\.1:0: /)
  }
})

test('IPv6 loopback counts as loopback', async (t) => {
  const accepted = Promise.withResolvers<Connection>()
  const listening = nodeNet.listen({ host: '::1', port: 0 }, accepted.resolve)
  const listener = await listening.catch((error) => error as Error)
  if (listener instanceof Error) return cannotRunHere(t, listener.message)
  const client = await connectPlain('::1', listener.port)
  const server = await accepted.promise
  assert.deepEqual([listener.host, server.remote.host, server.loopback], ['::1', '::1', true])
  for (const each of [client, server]) each.destroy()
  await listener.close()
})

test('an address that this machine has not is refused, with its code', async () => {
  const tried = nodeNet.listen({ host: '192.0.2.1', port: 0 }, () => {})
  await assert.rejects(tried, {
    code: 'EADDRNOTAVAIL',
    message: 'Cannot listen on 192.0.2.1:0: this machine has no such address (EADDRNOTAVAIL)',
  })
})

test('a connection that is reset closes with an error', async () => {
  const accepted = Promise.withResolvers<Connection>()
  const listener = await nodeNet.listen({ host: '127.0.0.1', port: 0 }, accepted.resolve)
  const socket = tcp.connect(listener.port, '127.0.0.1')
  const heard = Heard.to(await accepted.promise)
  socket.resetAndDestroy()
  await heard.event('close')
  assert.match(String(heard.error), /ECONNRESET/)
  await listener.close()
})
