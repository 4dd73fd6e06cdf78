import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { it } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { randomBelow } from '@hufu/os'
import { SeededRandom } from '@hufu/os/simulated'
import { decodeMethod, FRAME_METHOD, FrameReader, PROTOCOL_HEADER } from '@hufu/wire/amqp091'
import { methodFrame, RawClient, START_OK } from './hostile-client.fixture.ts'
import { mutated } from './hostile-mutations.fixture.ts'
import { type ServerProcess, serverProcess } from './hostile-process.fixture.ts'
import { type Frames, HANDSHAKE, recordedSessions } from './hostile-sessions.fixture.ts'

/** More with `HUFU_FUZZ_SECONDS`. */
const SECONDS = Number(process.env.HUFU_FUZZ_SECONDS ?? 10)
/** `HUFU_SEED` with `HUFU_FUZZ_ROUNDS=1` repeats one. */
const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)
const ROUNDS = Number(process.env.HUFU_FUZZ_ROUNDS ?? Number.POSITIVE_INFINITY)

const CONNECTIONS = 12
/** Others must not wait longer for the event loop, above what it takes without attacks. */
const STALL_MS = 100
/** What so many connections may leave in memory: caches, records of queues, all their garbage. */
const MEMORY_BYTES = 128 << 20
/** After its last byte a connection is heard for so long. */
const SILENCE_MS = 40

it('sessions changed by chance harm nobody', { timeout: (SECONDS + 120) * 1_000 }, async (t) => {
  const server = await serverProcess(t)
  const sessions = await recordedSessions(server.port)
  const friend = new Friend()
  await friend.enter(server)
  await after(2_000)
  const calm = await server.measure()
  const calmWait = friend.worstWait()
  const tally = new Map<string, number>()
  const slow = await slowOnes(server)
  const end = Date.now() + SECONDS * 1_000
  let seed = FIRST_SEED
  const work = async () => {
    while (Date.now() < end && seed < FIRST_SEED + ROUNDS) {
      const own = seed++
      const said = await attempt(server, sessions, own)
      tally.set(said, (tally.get(said) ?? 0) + 1)
      assert.notEqual(said, '541', `HUFU_SEED=${own} HUFU_FUZZ_ROUNDS=1 shows it again`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  const stormy = await server.measure()
  const waits = [calmWait, friend.worstWait()].map((ms) => Math.round(ms))
  await friend.leave()
  assert.equal(await slow(), 0, 'who has not come in after ten seconds is out')
  const grown = (stormy.memoryBytes - calm.memoryBytes) >> 20
  t.diagnostic(`${seed - FIRST_SEED} sessions: ${JSON.stringify([...tally].sort())}`)
  t.diagnostic(`longest turn ${stormy.stallMs | 0} ms, before ${calm.stallMs | 0}; ${grown} MiB`)
  t.diagnostic(`longest wait of another client ${waits[1]} ms, before ${waits[0]}`)
  assert.deepEqual(stormy.warnings, [])
  assert.ok(stormy.stallMs <= calm.stallMs + STALL_MS, `${stormy.stallMs} ms in one turn`)
  assert.ok(stormy.memoryBytes <= calm.memoryBytes + MEMORY_BYTES, `${grown} MiB more`)
  if (ROUNDS > 1_000)
    for (const code of ['501', '502', '503', '504', '505', '540', 'open'])
      assert.ok(tally.has(code))
})

/** Clients that send a byte a second, from the first or the second message on; how many stay. */
async function slowOnes(server: ServerProcess): Promise<() => Promise<number>> {
  const begun = Date.now()
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => RawClient.connect(server.port)),
  )
  for (const client of clients.slice(50)) client.send(PROTOCOL_HEADER)
  const bytes = Buffer.concat([PROTOCOL_HEADER, methodFrame(0, START_OK)])
  let at = 0
  const timer = setInterval(() => {
    for (const [index, client] of clients.entries()) {
      const from = at + (index < 50 ? 0 : PROTOCOL_HEADER.length)
      client.send(bytes.subarray(from, from + 1))
    }
    at++
  }, 1_000)
  return async () => {
    while (Date.now() < begun + 20_000 && clients.some(({ over }) => !over)) await after(100)
    clearInterval(timer)
    const left = clients.filter(({ over }) => !over)
    for (const client of left) await client.drop()
    return left.length
  }
}

/** A client that does nothing wrong: what it publishes is confirmed and comes, all of it. */
class Friend {
  #worst = 0
  #going = true
  #done: Promise<void> = Promise.resolve()

  async enter(server: ServerProcess): Promise<void> {
    const client = await server.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('friend', { exclusive: true })
    let came: () => void = () => undefined
    await channel.consume('friend', (message) => {
      channel.ack(message!)
      came()
    })
    const rounds = async () => {
      while (this.#going) {
        const before = performance.now()
        const coming = new Promise<void>((resolve) => {
          came = resolve
        })
        channel.sendToQueue('friend', Buffer.from('hello'), { persistent: true })
        await Promise.all([channel.waitForConfirms(), coming])
        this.#worst = Math.max(this.#worst, performance.now() - before)
        await after(5)
      }
      await client.close()
    }
    this.#done = rounds()
  }

  /** Longest time from a publish to its confirm and delivery, ms, since the last question. */
  worstWait(): number {
    const worst = this.#worst
    this.#worst = 0
    return worst
  }

  /** Throws what went wrong. */
  leave(): Promise<void> {
    this.#going = false
    return this.#done
  }
}

/** One changed session: the code it is closed with, `open`, or `dropped` without a word. */
async function attempt(server: ServerProcess, sessions: readonly Frames[], seed: number) {
  const random = new SeededRandom(seed)
  const frames = mutated(sessions, random)
  const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true })
  const answers = new Answers()
  socket.on('data', (chunk: Buffer) => answers.take(chunk))
  socket.on('error', () => undefined)
  const closed = new Promise<'dropped'>((resolve) => socket.once('close', () => resolve('dropped')))
  await Promise.race([once(socket, 'connect'), closed])
  const first = frames.slice(0, HANDSHAKE - 2)
  const rest = Buffer.concat(frames.slice(HANDSHAKE - 2))
  await send(socket.write.bind(socket), Buffer.concat(first), random)
  // A login takes its time: what comes before its answer would be out of order.
  await Promise.race([answers.tune, closed, after(SILENCE_MS)])
  await send(socket.write.bind(socket), rest, random)
  const said = await Promise.race([answers.close, closed, after(SILENCE_MS, 'open')])
  if (randomBelow(random, 2) === 0) socket.destroy()
  else socket.end()
  await Promise.race([closed, after(SILENCE_MS)])
  socket.destroy()
  return said
}

/** At once, in pieces of any size, or (what is short) byte by byte. */
async function send(write: (bytes: Buffer) => void, bytes: Buffer, random: SeededRandom) {
  const way = randomBelow(random, 8)
  if (way > 1) return write(bytes)
  const most = way === 0 ? 1 : 1 + randomBelow(random, 3_000)
  const pieces = way === 0 ? Math.min(60, bytes.length) : 40
  let at = 0
  for (let piece = 0; piece < pieces && at < bytes.length; piece++) {
    const end = at + 1 + randomBelow(random, most)
    write(bytes.subarray(at, end))
    at = end
    await after(1)
  }
  if (at < bytes.length) write(bytes.subarray(at))
}

/** What a server says: whether it has come to tune, and the code of a close. */
class Answers {
  readonly tune: Promise<void>
  readonly close: Promise<string>
  #tuned: () => void = () => undefined
  #closed: (code: string) => void = () => undefined
  readonly #reader = new FrameReader(131_072, (type, _channel, bytes, start, end) => {
    if (type !== FRAME_METHOD) return
    const method = decodeMethod(bytes, start, end)
    if (method.name === 'connection.tune') this.#tuned()
    if (method.name === 'connection.close') this.#closed(String(method.replyCode))
  })

  constructor() {
    this.tune = new Promise((resolve) => {
      this.#tuned = resolve
    })
    this.close = new Promise((resolve) => {
      this.#closed = resolve
    })
  }

  take(chunk: Buffer): void {
    if (chunk.subarray(0, 4).toString('latin1') !== 'AMQP') this.#reader.feed(chunk)
  }
}
