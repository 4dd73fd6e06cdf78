import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import { isHufuError } from '../errors.ts'
import { Failure, Later } from '../outcome.ts'
import type { HttpOptions } from './index.ts'
import { http } from './index.ts'
import { serve, textOf } from './server.fixture.ts'
import { asked } from './stock.fixture.ts'

/** What a participant is called with: `node:http`, or the `fetch` that the user gives. */
const WAYS: Readonly<Record<string, HttpOptions>> = { 'node:http': {}, fetch: { fetch } }

/** Makes functions that call a participant which answers so. */
const callingBy =
  (way: HttpOptions) =>
  async (t: TestContext, ...[listener, options]: Given) => {
    const participant = http(`${await serve(t, listener)}/stock`, { ...way, ...options })
    return (change: Parameters<typeof asked>[0] = {}) => participant.call(asked(change))
  }

type Given = [listener: RequestListener, options?: HttpOptions]

function answering(status: number, body = '', headers: Record<string, string> = {}) {
  const listener: RequestListener = (req, res) => {
    req.resume()
    res.writeHead(status, headers).end(body)
  }
  return listener
}

/** An error that is to be tried again: neither a refusal nor a delay. */
function anError(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Error)
    assert.ok(!(error instanceof Failure) && !(error instanceof Later), String(error))
    assert.match(error.message, message)
    return true
  }
}

for (const [name, way] of Object.entries(WAYS)) {
  describe(`a call over HTTP, by ${name}`, () => {
    const calling = callingBy(way)
    it('is a POST of the input, its names in the query as dtm has them', async (t) => {
      let got: unknown
      const participant = http(
        await serve(t, async (req, res) => {
          got = [req.method, req.url, req.headers['content-type'], await textOf(req)]
          res.end()
        }).then((base) => `${base}/api/stock?shop=7&op=old`),
        way,
      )
      await participant.call(asked({ id: '订单 1/2', kind: 'tcc', op: 'try' }))
      const query = 'shop=7&op=try&gid=%E8%AE%A2%E5%8D%95+1%2F2&trans_type=tcc&branch_id=reserve'
      const body = '{"count":2,"sku":"apple"}'
      assert.deepEqual(got, ['POST', `/api/stock?${query}`, 'application/json', body])
    })

    it('carries headers: of the transaction, over them the given, over them its own', async (t) => {
      let got: NodeJS.Dict<string | string[]> = {}
      const listener: RequestListener = (req, res) => {
        got = req.headers
        req.resume()
        res.end()
      }
      const headers = async () => ({ authorization: 'Bearer new', 'hufu-attempt': '99' })
      const call = await calling(t, listener, { headers })
      const given = { traceparent: '00-a-b-01', Authorization: 'Bearer old', Host: 'evil' }
      const ofABody = { 'Content-Length': '1', 'transfer-encoding': 'chunked', connection: 'close' }
      await call({ id: '订/1', attempt: 3, headers: { ...given, ...ofABody } })
      assert.equal(got.traceparent, '00-a-b-01')
      assert.equal(got.authorization, 'Bearer new')
      assert.equal(got['hufu-attempt'], '3')
      assert.equal(got['idempotency-key'], '%E8%AE%A2%2F1/reserve/action')
      assert.match(String(got.host), /^127\.0\.0\.1:/)
      assert.equal(got['content-length'], '25')
    })

    it('may send another body, or none, and have an address for each operation', async (t) => {
      const got: unknown[] = []
      const base = await serve(t, async (req, res) => {
        got.push([req.url?.split('?')[0], req.headers['content-type'], await textOf(req)])
        res.end()
      })
      const url = (op: string) => (op === 'action' ? `${base}/do` : `${base}/undo`)
      const body = ({ op, results }: { op: string; results: object }) =>
        op === 'action' ? { results } : undefined
      const participant = http(url, { ...way, body })
      await participant.call(asked({ results: { a: 1 } }))
      await participant.call(asked({ op: 'compensate' }))
      const first = ['/do', 'application/json', '{"results":{"a":1}}']
      assert.deepEqual(got, [first, ['/undo', undefined, '']])
    })

    it('2xx: the body is the result; nothing is undefined, no JSON is a text', async (t) => {
      const json = { 'content-type': 'application/json' }
      assert.deepEqual(await (await calling(t, answering(200, '{"a":[1]}', json)))(), { a: [1] })
      assert.equal(await (await calling(t, answering(201, 'null')))(), null)
      assert.equal(await (await calling(t, answering(200)))(), undefined)
      assert.equal(await (await calling(t, answering(204)))(), undefined)
      assert.equal(await (await calling(t, answering(200, 'ok')))(), 'ok')
      const broken = await calling(t, answering(200, '{"a":', json))
      await assert.rejects(broken(), anError(/is no JSON: \{"a":$/))
    })

    it('409: a refusal with code, detail and data', async (t) => {
      const body = JSON.stringify({ code: 'NO_STOCK', detail: 'none left', data: { sku: 'a' } })
      const call = await calling(t, answering(409, body))
      const expected = { code: 'NO_STOCK', message: 'none left', data: { sku: 'a' } }
      await assert.rejects(call(), { name: 'Failure', ...expected })
    })

    it('409 of somebody else: the code is REFUSED, the detail his text', async (t) => {
      const odd = {
        '': 'REFUSED',
        no: 'no',
        '{"dtm_result":"FAILURE"}': '{"dtm_result":"FAILURE"}',
      }
      for (const [body, message] of Object.entries(odd)) {
        const call = await calling(t, answering(409, body))
        await assert.rejects(call(), { name: 'Failure', code: 'REFUSED', message })
      }
      const long = await calling(t, answering(409, 'x'.repeat(9_000)), { responseBytesMax: 1_000 })
      await assert.rejects(long(), { name: 'Failure', message: 'x'.repeat(500) })
    })

    it('425: later, after what the headers say, else a second; at most a day', async (t) => {
      const cases: [Record<string, string>, number][] = [
        [{}, 1_000],
        [{ 'retry-after': '7' }, 7_000],
        [{ 'retry-after': '7', 'hufu-retry-ms': '250' }, 250],
        [{ 'hufu-retry-ms': '0' }, 1_000],
        [{ 'hufu-retry-ms': '-5' }, 1_000],
        [{ 'retry-after': 'Fri, 20 Nov 2026 10:00:00 GMT' }, 1_000],
        [{ 'retry-after': '1e12' }, 86_400_000],
      ]
      for (const [headers, ms] of cases) {
        const call = await calling(t, answering(425, 'wait', headers))
        await assert.rejects(call(), { name: 'Later', ms })
      }
    })

    it('any other status is an error with it and the first 500 characters', async (t) => {
      for (const status of [302, 400, 404, 500, 503]) {
        const call = await calling(t, answering(status, 'y'.repeat(9_000), { location: '/else' }))
        await assert.rejects(call(), anError(new RegExp(`\\(action\\): ${status} y{500}$`)))
      }
    })

    it('dtm: only when asked for, the words of an answer count', async (t) => {
      const body = '{"dtm_result":"FAILURE"}'
      assert.deepEqual(await (await calling(t, answering(200, body)))(), JSON.parse(body))
      const strict = await calling(t, answering(200, body), { dtm: true })
      await assert.rejects(strict(), { name: 'Failure', code: 'REFUSED' })
      const ongoing = await calling(t, answering(200, '{"dtm_result":"ONGOING"}'), { dtm: true })
      await assert.rejects(ongoing(), { name: 'Later', ms: 1_000 })
      const done = await calling(t, answering(200, '{"dtm_result":"SUCCESS"}'), { dtm: true })
      assert.deepEqual(await done(), { dtm_result: 'SUCCESS' })
    })
  })
}

for (const [name, way] of Object.entries(WAYS)) {
  describe(`a call over HTTP that goes wrong, by ${name}`, () => {
    const calling = callingBy(way)
    it('nobody listens: an error that says so, without the query of the address', async () => {
      const port = await freePort()
      const call = http(`http://127.0.0.1:${port}/stock?key=secret`, way).call(asked())
      const words = `^Calling http://127\\.0\\.0\\.1:${port}/stock \\(action\\): connect ECONNREFUSED`
      await assert.rejects(call, anError(new RegExp(words)))
    })

    it('no answer until the signal: its reason is the error, the connection ends', async (t) => {
      const gone = Promise.withResolvers<void>()
      const call = await calling(t, (_req, res) => void res.on('close', gone.resolve))
      const signal = abortedIn(50)
      await assert.rejects(call({ signal }), anError(/: no answer within 50 ms$/))
      await gone.promise
    })

    it('a body that stops: an error at the signal', async (t) => {
      const call = await calling(t, (_req, res) => void res.write('{"a":'))
      await assert.rejects(call({ signal: abortedIn(100) }), anError(/: no answer within 100 ms$/))
    })

    it('a body that is cut is an error, not a shorter result', async (t) => {
      const call = await calling(t, (_req, res) => {
        res.writeHead(200, { 'content-length': '1000' })
        res.write('123', () => res.destroy())
      })
      await assert.rejects(call(), anError(/\(action\): /))
    })

    it('a result that never ends is given up at the limit', async (t) => {
      const gone = Promise.withResolvers<void>()
      const call = await calling(t, (_req, res) => {
        const more = () =>
          void res.write('x'.repeat(10_000), (error) => error ?? setImmediate(more))
        more()
        res.on('close', gone.resolve)
      })
      await assert.rejects(call(), anError(/answered 200, and more than 1048576 bytes$/))
      await gone.promise
    })

    it('a limit on the answer is exact', async (t) => {
      const options = { responseBytesMax: 10 }
      assert.equal(await (await calling(t, answering(200, '1234567890'), options))(), 1234567890)
      const call = await calling(t, answering(200, '12345678901'), options)
      await assert.rejects(call(), anError(/more than 10 bytes$/))
    })

    it('an input beyond 1 MiB, or no JSON, is refused before it is sent', async (t) => {
      let calls = 0
      const call = await calling(t, (_req, res) => {
        calls++
        res.end()
      })
      const input = 'x'.repeat(1024 * 1024)
      await assert.rejects(call({ input }), (error) => isHufuError(error, 'LIMIT'))
      await assert.rejects(call({ input: 1n }), (error) => isHufuError(error, 'PAYLOAD_NOT_JSON'))
      assert.equal(calls, 0)
    })

    it('an address that is none of http(s), or holds a password, is refused at once', async () => {
      for (const url of ['stock', '/stock', 'ftp://a/b', 'file:///etc/passwd', 'http://a:b@c/d']) {
        assert.throws(
          () => http(url),
          (error) => isHufuError(error, 'ARGUMENT'),
          url,
        )
      }
      const byOp = http(() => 'ftp://a/b').call(asked())
      await assert.rejects(byOp, (error) => isHufuError(error, 'ARGUMENT'))
    })
  })
}

describe('connections of calls over HTTP', () => {
  /** Calls one after the other; of how many connections. */
  async function connectionsOf(t: TestContext, calls: number, listener: RequestListener) {
    const sockets = new Set<unknown>()
    const call = await callingBy({})(t, (req, res) => {
      sockets.add(req.socket)
      listener(req, res)
    })
    for (let n = 0; n < calls; n++) await call()
    return sockets.size
  }

  it('calls one after the other share them', async (t) => {
    // That of the last call may be free a moment after its answer.
    assert.ok((await connectionsOf(t, 50, answering(200, '1'))) <= 2)
  })

  it('one whose end the other side announces for soon is not used again', async (t) => {
    const soon = answering(200, '1', { connection: 'keep-alive', 'keep-alive': 'timeout=1' })
    assert.equal(await connectionsOf(t, 3, soon), 3)
  })

  it('no answer is asked for compressed', async (t) => {
    let asks: unknown
    await connectionsOf(t, 1, (req, res) => {
      asks = req.headers['accept-encoding']
      req.resume()
      res.end()
    })
    assert.equal(asks, 'identity')
  })
})

/** A port on which nobody listens: one that was just given up. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function abortedIn(ms: number): AbortSignal {
  const abort = new AbortController()
  setTimeout(() => abort.abort(new Error(`no answer within ${ms} ms`)), ms)
  return abort.signal
}
