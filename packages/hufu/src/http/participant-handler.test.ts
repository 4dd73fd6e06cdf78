import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isHufuError } from '../errors.ts'
import { fail, later } from '../outcome.ts'
import type { WebHandler } from './index.ts'
import { participantHandler } from './index.ts'
import {
  APPLES,
  apples,
  noting,
  reserving,
  seen,
  stockHandler,
  stockStore,
} from './stock.fixture.ts'

const QUERY = { gid: 'g1', trans_type: 'saga', branch_id: '01', op: 'action' }
const LINE = { sku: 'apple', count: 2 }

interface Call {
  name?: string
  query?: Record<string, string>
  body?: BodyInit | undefined
  method?: string
  headers?: Record<string, string>
}
type BodyInit = NonNullable<RequestInit['body']>

async function call(handler: WebHandler, change: Call = {}) {
  const { name = 'stock', query, method = 'POST', headers = {} } = change
  const body = 'body' in change ? change.body : JSON.stringify(LINE)
  const search = new URLSearchParams({ ...QUERY, ...query })
  const init = { method, headers, ...(body !== undefined && { body, duplex: 'half' as const }) }
  const response = await handler(new Request(`http://shop/participants/${name}?${search}`, init))
  const text = await response.text()
  const value = text === '' ? undefined : JSON.parse(text)
  return { status: response.status, headers: response.headers, value }
}

describe('a participant behind its handler', () => {
  it('200 carries the result as JSON, and the work is committed', async (t) => {
    const { store, handler } = await stockHandler(t)
    const { status, value } = await call(handler)
    assert.deepEqual({ status, value }, { status: 200, value: { reserved: 2, for: 'g1' } })
    assert.equal(await apples(store), APPLES - 2)
  })

  it('200 without a body answers undefined; dtm takes no 204', async (t) => {
    const { handler } = await stockHandler(t, {}, { quiet: { action: () => {} } })
    const { status, value } = await call(handler, { name: 'quiet' })
    assert.deepEqual({ status, value }, { status: 200, value: undefined })
  })

  it('a repeat gets the stored result and has no effect', async (t) => {
    const { store, handler } = await stockHandler(t)
    const first = await call(handler)
    const again = await call(handler, { headers: { 'hufu-attempt': '2' } })
    assert.deepEqual(again.value, first.value)
    assert.equal(await apples(store), APPLES - 2)
  })

  it('repeats at the same time have one effect, and one result', async (t) => {
    const { store, handler } = await stockHandler(t)
    const all = await Promise.all(Array.from({ length: 20 }, () => call(handler)))
    for (const { status, value } of all) {
      assert.deepEqual({ status, value }, { status: 200, value: { reserved: 2, for: 'g1' } })
    }
    assert.equal(await apples(store), APPLES - 2)
  })

  it('an undoing gets what the action returned', async (t) => {
    const { store, handler } = await stockHandler(t)
    await call(handler)
    assert.equal((await call(handler, { query: { op: 'compensate' } })).status, 200)
    assert.equal(await apples(store), APPLES)
    assert.deepEqual(await seen(store), ['compensate {"reserved":2,"for":"g1"}'])
  })

  it('an undoing without anything to undo does nothing; the late work neither', async (t) => {
    const { store, handler } = await stockHandler(t)
    assert.equal((await call(handler, { query: { op: 'compensate' } })).status, 200)
    assert.equal((await call(handler)).status, 200)
    assert.equal(await apples(store), APPLES)
    assert.deepEqual(await seen(store), [])
  })

  it('a TCC: an empty cancel, a late try, and both ends of what was tried', async (t) => {
    const { store, handler } = await stockHandler(t)
    const op = (gid: string, each: string) =>
      call(handler, { name: 'note', query: { gid, trans_type: 'tcc', op: each } })
    await op('empty', 'cancel')
    await op('empty', 'try')
    await op('a', 'try')
    await op('a', 'confirm')
    await op('b', 'try')
    await op('b', 'cancel')
    const expected = ['try "tried"', 'confirm "tried"', 'try "tried"', 'cancel "tried"']
    assert.deepEqual(await seen(store), expected)
  })

  it('fail() answers 409 with code, detail and data, and leaves nothing behind', async (t) => {
    const { store, handler } = await stockHandler(t)
    const body = JSON.stringify({ sku: 'pear', count: 1 })
    const { status, value } = await call(handler, { body })
    const expected = { code: 'NO_STOCK', detail: 'fewer than 1 of pear', data: { sku: 'pear' } }
    assert.deepEqual({ status, value }, { status: 409, value: expected })
    await call(handler, { query: { op: 'compensate' }, body })
    assert.deepEqual(await seen(store), [])
  })

  it('later() answers 425 with whole seconds and exact milliseconds, and is undone', async (t) => {
    const slow = {
      action: (tx: { run(sql: string): unknown }) => {
        tx.run('UPDATE stock SET count = 0')
        throw later(1_500)
      },
    }
    const { store, handler } = await stockHandler(t, {}, { slow })
    const { status, headers } = await call(handler, { name: 'slow' })
    assert.equal(status, 425)
    assert.equal(headers.get('retry-after'), '2')
    assert.equal(headers.get('hufu-retry-ms'), '1500')
    assert.equal(await apples(store), APPLES)
  })

  it('anything else answers 500 without its words; they go to onWarning in one line', async (t) => {
    const broken = {
      action: () => {
        throw new Error('password=1234\nhufu: forged line')
      },
    }
    const { handler, warnings } = await stockHandler(t, {}, { broken })
    const { status, value } = await call(handler, { name: 'broken' })
    assert.equal(status, 500)
    assert.equal(value.code, 'ERROR')
    assert.doesNotMatch(JSON.stringify(value), /1234|at /)
    assert.deepEqual(warnings, [
      'Handling action of broken for g1/01: password=1234 hufu: forged line',
    ])
  })

  it('a 500 carries the code of the library: the transaction took too long', async (t) => {
    const hanging = { action: () => new Promise(() => {}) }
    const { handler } = await stockHandler(t, { timeoutMs: 20 }, { hanging })
    const { status, value } = await call(handler, { name: 'hanging' })
    assert.deepEqual([status, value.code], [500, 'TRANSACTION_TIMEOUT'])
  })

  it('a result that is too long or no JSON is refused before it takes effect', async (t) => {
    const works = (result: unknown) => ({
      action(tx: { run(sql: string): unknown }) {
        tx.run('UPDATE stock SET count = 0')
        return result
      },
    })
    const long = works('x'.repeat(1024 * 1024))
    const { store, handler } = await stockHandler(t, {}, { long, odd: works(1n) })
    assert.equal((await call(handler, { name: 'long' })).value.code, 'LIMIT')
    assert.equal((await call(handler, { name: 'odd' })).value.code, 'PAYLOAD_NOT_JSON')
    assert.equal(await apples(store), APPLES)
  })

  it('a listener that throws, and a refusal that is no JSON, still answer 500', async (t) => {
    const odd = {
      action: () => {
        throw fail('ODD', 'odd', { count: 1n })
      },
    }
    const onWarning = () => {
      throw new Error('the listener')
    }
    const { handler } = await stockHandler(t, { onWarning }, { odd })
    assert.equal((await call(handler, { name: 'odd' })).status, 500)
  })

  it('the work is told of its call', async (t) => {
    let told: unknown
    const works = {
      action: (_tx: unknown, input: unknown, ctx: object) => {
        told = { ...ctx, input, signal: undefined }
      },
    }
    const { handler } = await stockHandler(t, {}, { works })
    const headers = { 'hufu-attempt': '3', traceparent: '00-1-2-01', 'content-type': 'x/y' }
    await call(handler, { name: 'works', headers })
    const call1 = { id: 'g1', kind: 'saga', branch: '01', op: 'action', attempt: 3 }
    const told1 = { ...call1, gid: 'g1', refusalLasts: false, headers }
    assert.deepEqual(told, { ...told1, input: LINE, signal: undefined })
  })
})

describe('what the caller says of the transaction', () => {
  it('its own id is told, the barrier knows it by that of all services', async (t) => {
    const ids: string[] = []
    const works = {
      action: (_tx: unknown, _input: unknown, { id, gid }: { id: string; gid: string }) =>
        void ids.push(id, gid),
    }
    const { handler } = await stockHandler(t, {}, { works })
    const query = { gid: 'shop/订单 1' }
    const headers = { 'hufu-transaction': encodeURIComponent('订单 1') }
    await call(handler, { name: 'works', query, headers })
    assert.deepEqual(ids, ['订单 1', 'shop/订单 1'])
    const odd = { name: 'works', headers: { 'hufu-transaction': '%zz' } }
    assert.equal((await call(handler, odd)).status, 400)
  })

  it('a refusal that lasts is remembered', async (t) => {
    let refusing = true
    const works = {
      action: () => {
        if (refusing) throw fail('NO_STOCK')
      },
    }
    const { handler } = await stockHandler(t, {}, { works })
    const lasting = { name: 'works', headers: { 'hufu-refusal': 'lasts' } }
    assert.equal((await call(handler, lasting)).status, 409)
    refusing = false
    const again = await call(handler, lasting)
    assert.deepEqual([again.status, again.value.code], [409, 'NO_STOCK'])
  })
})

describe('a call that the handler refuses', () => {
  it('400: a query without its parts, too long, or with unknown words', async (t) => {
    const { store, handler } = await stockHandler(t)
    const bad = [
      { gid: '' },
      { branch_id: '' },
      { gid: 'g'.repeat(129) },
      { branch_id: 'b'.repeat(129) },
      { trans_type: 'xa' },
      { op: 'rollback' },
      { op: '__proto__' },
      { op: 'try' },
    ]
    for (const query of bad) {
      const { status, value } = await call(handler, { query })
      assert.deepEqual([status, value.code], [400, 'ARGUMENT'], JSON.stringify(query))
    }
    assert.equal(await apples(store), APPLES)
  })

  it('400: a body that is no JSON, or no UTF-8', async (t) => {
    const { handler } = await stockHandler(t)
    for (const body of ['{"sku":', new Uint8Array([0x22, 0xff, 0x22])]) {
      const { status, value } = await call(handler, { body })
      assert.deepEqual([status, value.code], [400, 'PAYLOAD_NOT_JSON'])
    }
  })

  it('404: a name that nobody has, also those that every object has', async (t) => {
    const { handler } = await stockHandler(t)
    for (const name of ['stok', '', 'constructor', '__proto__', '%E0%A4%A']) {
      assert.equal((await call(handler, { name })).status, 404, name)
    }
  })

  it('405: anything but POST', async (t) => {
    const { handler } = await stockHandler(t)
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, headers } = await call(handler, { method, body: undefined })
      assert.deepEqual([status, headers.get('allow')], [405, 'POST'])
    }
  })

  it('413: a body over the limit, announced or not; the limit itself is taken', async (t) => {
    const exact = JSON.stringify({ ...LINE, note: 'x'.repeat(50) })
    const { store, handler } = await stockHandler(t, { bodyBytesMax: exact.length })
    const { body } = new Request('http://x', { method: 'POST', body: `${exact} ` })
    assert.equal((await call(handler, { body: body! })).status, 413)
    const headers = { 'content-length': String(exact.length + 1) }
    assert.equal((await call(handler, { body: exact, headers })).status, 413)
    assert.equal(await apples(store), APPLES)
    assert.equal((await call(handler, { body: exact })).status, 200)
  })

  it('403: whom authorize does not know, whatever he asks', async (t) => {
    const authorize = async ({ headers }: Request) => headers.get('authorization') === 'Bearer key'
    const { store, handler } = await stockHandler(t, { authorize })
    assert.equal((await call(handler)).status, 403)
    assert.equal((await call(handler, { name: 'nobody' })).status, 403)
    assert.equal(await apples(store), APPLES)
    const headers = { authorization: 'Bearer key' }
    assert.equal((await call(handler, { headers })).status, 200)
  })

  it('500: authorize throws; the work is not reached', async (t) => {
    const authorize = () => {
      throw new Error('no keys')
    }
    const { store, handler, warnings } = await stockHandler(t, { authorize })
    assert.equal((await call(handler)).status, 500)
    assert.equal(warnings.length, 1)
    assert.equal(await apples(store), APPLES)
  })

  it('participants without their works are refused at their making', async (t) => {
    const store = await stockStore(t)
    const bad = [{ try: noting.try }, { compensate: reserving.compensate }] as never[]
    for (const works of bad) {
      assert.throws(
        () => participantHandler(store, { works }),
        (error) => isHufuError(error, 'ARGUMENT'),
      )
    }
  })
})
