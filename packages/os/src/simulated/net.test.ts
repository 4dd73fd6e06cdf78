import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heard } from '../heard.fixture.ts'
import { netContract } from '../net.contract.ts'
import type { Connection } from '../net.ts'
import { type SimulatedOs, simulatedOs } from './os.ts'

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  netContract(`simulated net, seed ${seed}`, () => {
    const world = simulatedOs({ seed })
    return {
      net: world.os.net,
      connect: (host, port) => world.net.connect({ host, port }),
      run: (body) => world.settle(body()),
    }
  })
}

const AT = { host: '127.0.0.1', port: 5672 }
const BYTES = Uint8Array.from({ length: 200_000 }, (_, at) => at % 251)

/** A connection between the running program and a client. */
async function pair(world: SimulatedOs): Promise<{ server: Connection; client: Connection }> {
  const accepted = Promise.withResolvers<Connection>()
  await world.settle(world.os.net.listen(AT, accepted.resolve))
  const client = await world.settle(world.net.connect(AT))
  return { client, server: await world.settle(accepted.promise) }
}

/** What a client has got when the process that sent it `BYTES` has ended. */
async function gotAfter(seed: number, end: 'kill' | 'crash'): Promise<Heard> {
  const world = simulatedOs({ seed })
  const { server, client } = await pair(world)
  const heard = Heard.to(client)
  server.write(BYTES)
  await world.runFor(world.random.next() * 4)
  world[end]()
  await world.settle(heard.event('close'))
  return heard
}

test('of what a process sent before its end the first bytes arrive, however many', async () => {
  for (const end of ['kill', 'crash'] as const) {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 100; seed++) {
      const heard = await gotAfter(seed, end)
      assert.deepEqual(Buffer.concat(heard.chunks), Buffer.from(BYTES.subarray(0, heard.length)))
      lengths.add(heard.length)
    }
    assert.ok(lengths.size > 20, `${end}: ${lengths.size} lengths`)
    assert.ok(lengths.has(BYTES.length), `${end}: never all`)
  }
})

test('a killed process is noticed soon, a power cut may be noticed late', async () => {
  const waited = async (seed: number, end: 'kill' | 'crash') => {
    const world = simulatedOs({ seed })
    const { client } = await pair(world)
    const heard = Heard.to(client)
    const start = world.clock.elapsed
    world[end]()
    await world.settle(heard.event('close'))
    return world.clock.elapsed - start
  }
  const late: number[] = []
  for (let seed = 0; seed < 20; seed++) {
    assert.ok((await waited(seed, 'kill')) < 10)
    late.push(await waited(seed, 'crash'))
  }
  assert.ok(Math.max(...late) > 1_000)
})

test('the next process may listen where the last one did, as if it had not been', async () => {
  const world = simulatedOs({ seed: 1 })
  const { server, client } = await pair(world)
  const old = Heard.to(server)
  client.write(BYTES)
  world.kill()
  await assert.rejects(world.settle(world.net.connect(AT)), { code: 'ECONNREFUSED' })
  await pair(world)
  await world.runFor(1_000)
  assert.deepEqual([old.length, old.events], [0, []])
  assert.equal(server.write(BYTES), false)
  assert.equal(world.net.openConnections, 1)
})

test('a cut breaks both ends, in the midst of what was on its way', async () => {
  const lengths = new Set<number>()
  for (let seed = 0; seed < 50; seed++) {
    const world = simulatedOs({ seed })
    const { server, client } = await pair(world)
    const [atServer, atClient] = [Heard.to(server), Heard.to(client)]
    client.write(BYTES)
    world.net.cut()
    await world.settle(Promise.all([atServer.event('close'), atClient.event('close')]))
    for (const heard of [atServer, atClient]) assert.match(String(heard.error), /ECONNRESET/)
    lengths.add(atServer.length)
  }
  assert.ok(lengths.size > 20)
})

test('bytes arrive in other pieces than they were written in', async () => {
  const shapes = new Set<string>()
  for (let seed = 0; seed < 20; seed++) {
    const world = simulatedOs({ seed })
    const { server, client } = await pair(world)
    const heard = Heard.to(server)
    for (let at = 0; at < 10; at++) client.write(BYTES.subarray(at * 100, at * 100 + 100))
    await world.settle(heard.until(() => heard.length === 1_000))
    assert.deepEqual(Buffer.concat(heard.chunks), Buffer.from(BYTES.subarray(0, 1_000)))
    shapes.add(heard.chunks.map((chunk) => chunk.length).join())
  }
  assert.ok(shapes.size > 15)
})

test('a client may come from elsewhere, and be named by its certificate', async () => {
  const world = simulatedOs({ seed: 1 })
  const tls = { cert: '', key: '', ca: '' }
  const accepted = Promise.withResolvers<Connection>()
  await world.settle(world.os.net.listen({ ...AT, tls }, accepted.resolve))
  await world.settle(world.net.connect({ ...AT, from: '192.0.2.7', peerName: 'alice' }))
  const server = await world.settle(accepted.promise)
  assert.deepEqual(
    [server.remote.host, server.loopback, server.peerName],
    ['192.0.2.7', false, 'alice'],
  )
})

test('the same seed gives the same bytes in the same pieces at the same times', async () => {
  const trace = async () => {
    const world = simulatedOs({ seed: 9 })
    const { server, client } = await pair(world)
    Heard.to(server)
    Heard.to(client)
    client.write(BYTES)
    server.write(BYTES)
    await world.runFor(3)
    world.kill()
    await world.run()
    return world.trace.hash
  }
  assert.equal(await trace(), await trace())
})
