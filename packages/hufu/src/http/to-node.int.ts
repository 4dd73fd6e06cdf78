import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { fail } from '../outcome.ts'
import type { ParticipantHandlerOptions } from './index.ts'
import { http, toNode } from './index.ts'
import { serve, textOf } from './server.fixture.ts'
import { APPLES, apples, asked, stockHandler } from './stock.fixture.ts'

const PATH = '/stock?gid=g1&trans_type=saga&branch_id=01&op=action'

describe('a participant behind node:http, called over HTTP', () => {
  it('result, refusal, delay and error arrive as they were thrown', async (t) => {
    const more = {
      soon: {
        action: () => {
          throw fail('CLOSED', 'geschlossen – 关', [1])
        },
      },
    }
    const { store, handler } = await stockHandler(t, {}, more)
    const base = await serve(t, toNode(handler))
    const stock = http(`${base}/participants/stock`)
    assert.deepEqual(await stock.call(asked()), { reserved: 2, for: 'g1' })
    assert.equal(await stock.call(asked({ op: 'compensate', attempt: 2 })), undefined)
    assert.equal(await apples(store), APPLES)
    const refused = { code: 'CLOSED', message: 'geschlossen – 关', data: [1] }
    await assert.rejects(http(`${base}/soon`).call(asked({ id: 'g2' })), {
      name: 'Failure',
      ...refused,
    })
    await assert.rejects(http(`${base}/nobody`).call(asked()), /: 404 .*no such participant/)
  })

  it('1000 calls at once, half of them repeated: each has its one effect', async (t) => {
    const { store, handler } = await stockHandler(t)
    const stock = http(`${await serve(t, toNode(handler))}/stock`)
    const input = { sku: 'apple', count: 1 }
    const one = (n: number) => stock.call(asked({ id: `g${n}`, input }))
    const calls = Array.from({ length: 1_000 }, (_, n) => one(n % 500))
    for (const [n, result] of (await Promise.all(calls)).entries()) {
      assert.deepEqual(result, { reserved: 1, for: `g${n % 500}` })
    }
    assert.equal(await apples(store), APPLES - 500)
  })

  it('a body that a framework has read and parsed already is taken as it stands', async (t) => {
    const { store, handler } = await stockHandler(t)
    const node = toNode(handler)
    const parsed = [(text: string) => JSON.parse(text), (text: string) => text, Buffer.from]
    for (const [n, parse] of parsed.entries()) {
      const base = await serve(t, async (req, res) => {
        node(Object.assign(req, { body: parse(await textOf(req)) }), res)
      })
      await http(`${base}/stock`).call(asked({ id: `g${n}` }))
    }
    assert.equal(await apples(store), APPLES - 6)
  })

  it('a caller who gives up: the work goes on, and his repeat gets its result', async (t) => {
    const begun = Promise.withResolvers<void>()
    const told = Promise.withResolvers<void>()
    const slow = {
      async action(_tx: unknown, _input: unknown, { signal }: { signal: AbortSignal }) {
        begun.resolve()
        signal.addEventListener('abort', () => told.resolve())
        await told.promise
        return 'done after all'
      },
    }
    const { handler } = await stockHandler(t, {}, { slow })
    const participant = http(`${await serve(t, toNode(handler))}/slow`)
    const abort = new AbortController()
    const first = participant.call(asked({ signal: abort.signal }))
    await begun.promise
    abort.abort(new Error('no answer in time'))
    await assert.rejects(first, /no answer in time/)
    assert.equal(await participant.call(asked({ attempt: 2 })), 'done after all')
  })

  it('a body that comes in pieces is one call', async (t) => {
    const { store, socket, answer } = await raw(t)
    const body = '{"sku":"apple","count":2}'
    socket.write(head(`content-length: ${body.length}`))
    for (const each of body) {
      socket.write(each)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.match(await answer(), /^HTTP\/1\.1 200 /)
    assert.equal(await apples(store), APPLES - 2)
  })

  it('a body that is cut has no effect, though what came of it is JSON', async (t) => {
    const { store, handler } = await stockHandler(t)
    const begun = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<Response>()
    const node = toNode(async (request) => {
      begun.resolve()
      const response = await handler(request)
      answered.resolve(response.clone())
      return response
    })
    const socket = connection(t, await serve(t, node))
    socket.write(`${head('content-length: 100')}{"sku":"apple","count":2}`)
    await begun.promise
    socket.destroy()
    const response = await answered.promise
    assert.equal(response.status, 400)
    assert.match(await response.text(), /"Reading the body: aborted"/)
    assert.equal(await apples(store), APPLES)
  })

  it('a body that never ends is answered 413 at the limit, and soon cut', async (t) => {
    const { store, socket, answer } = await raw(t, { bodyBytesMax: 1_000 })
    const over = new Promise((resolve) => socket.on('close', resolve))
    socket.write(head('transfer-encoding: chunked'))
    const chunk = `2710\r\n${'x'.repeat(10_000)}\r\n`
    const more = () => void (socket.writable && socket.write(chunk, () => setImmediate(more)))
    more()
    assert.match(await answer(), /^HTTP\/1\.1 413 /)
    await over
    assert.equal(await apples(store), APPLES)
  })

  it('a call that sends 1 byte and waits is ended by the time limit of the server', async (t) => {
    const limits = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 }
    const { store, socket, answer } = await raw(t, {}, limits)
    socket.write(`${head('content-length: 100')}{`)
    assert.match(await answer(), /^HTTP\/1\.1 408 /)
    assert.equal(await apples(store), APPLES)
  })

  it('a refused call leaves its connection usable', async (t) => {
    const { handler } = await stockHandler(t)
    const ports = new Set<number | undefined>()
    const node = toNode(handler)
    const base = await serve(t, (req, res) => {
      ports.add(req.socket.remotePort)
      node(req, res)
    })
    const input = 'x'.repeat(100_000)
    for (const name of ['nobody', 'nobody', 'stock']) {
      await http(`${base}/${name}`)
        .call(asked(name === 'stock' ? {} : { input }))
        .catch(() => {})
    }
    assert.ok(ports.size <= 2, `${ports.size} connections`)
  })

  it('methods and addresses that no Request can have are refused', async (t) => {
    const { handler } = await stockHandler(t)
    const base = await serve(t, toNode(handler))
    for (const line of ['TRACE /stock', 'OPTIONS *']) {
      const socket = connection(t, base)
      socket.write(`${line} HTTP/1.1\r\nhost: x\r\n\r\n`)
      assert.match(await firstOf(socket), /^HTTP\/1\.1 40[045] /, line)
    }
  })

  it('a handler that rejects costs only that connection', async (t) => {
    const base = await serve(
      t,
      toNode(async (request) => {
        if (request.url.endsWith('/bad')) throw new Error('no handler should')
        return new Response('ok')
      }),
    )
    await assert.rejects(fetch(`${base}/bad`))
    assert.equal(await (await fetch(`${base}/good`)).text(), 'ok')
  })
})

function head(more: string): string {
  return `POST ${PATH} HTTP/1.1\r\nhost: x\r\n${more}\r\n\r\n`
}

/** A participant, and a connection on which every byte can be written by hand. */
async function raw(
  t: Parameters<typeof serve>[0],
  options: ParticipantHandlerOptions = {},
  server: Parameters<typeof serve>[2] = {},
) {
  const { store, handler } = await stockHandler(t, options)
  const base = await serve(t, toNode(handler), server)
  const socket = connection(t, base)
  return { store, base, socket, answer: () => firstOf(socket) }
}

function connection(t: Parameters<typeof serve>[0], base: string): Socket {
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  t.after(() => socket.destroy())
  return socket.on('error', () => {})
}

function firstOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.on('data', (data) => resolve(data.toString()))
    socket.on('close', () => reject(new Error('closed without an answer')))
  })
}
