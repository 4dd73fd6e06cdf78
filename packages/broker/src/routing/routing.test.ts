import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoutingReason } from './errors.ts'
import { RoutingError } from './errors.ts'
import { exchangeTypeOf } from './exchange.ts'
import { Routing } from './routing.ts'
import { bind, bindingOf, exchangeOf, routed, tableOf } from './world.fixture.ts'

function refused(reason: RoutingReason, message: string, act: () => unknown): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof RoutingError)
    assert.deepEqual([error.reason, error.message], [reason, message])
    return true
  })
}

test('the default exchange sends to the queue that the key names', () => {
  const routing = new Routing('/')
  routing.addQueue('q')
  assert.deepEqual(routed(routing, '', 'q'), ['q'])
  assert.deepEqual(routed(routing, '', 'other'), [])
  assert.equal(routing.queuesOf('', 'q'), routing.queuesOf('', 'q'))
  routing.removeQueue('q')
  assert.deepEqual(routed(routing, '', 'q'), [])
})

test('direct: the binding key is the routing key', () => {
  const routing = new Routing('/')
  bind(routing, 'amq.direct -a-> q1', 'amq.direct -a-> q2', 'amq.direct -b-> q3')
  assert.deepEqual(routed(routing, 'amq.direct', 'a'), ['q1', 'q2'])
  assert.deepEqual(routed(routing, 'amq.direct', 'A'), [])
})

test('fanout: every queue, whatever the key', () => {
  const routing = new Routing('/')
  bind(routing, 'amq.fanout -a-> q1', 'amq.fanout -b-> q2')
  assert.deepEqual(routed(routing, 'amq.fanout', 'anything'), ['q1', 'q2'])
})

test('topic: each queue once, however many of its bindings match', () => {
  const routing = new Routing('/')
  bind(routing, 'amq.topic -*.error-> q1', 'amq.topic -app.#-> q1', 'amq.topic -#-> q2')
  assert.deepEqual(routed(routing, 'amq.topic', 'app.error'), ['q1', 'q2'])
  assert.deepEqual(routed(routing, 'amq.topic', 'web.info'), ['q2'])
})

test('a binding is one by source, destination, key and arguments in any order', () => {
  const routing = new Routing('/')
  routing.addQueue('q')
  const values = { a: 1, b: 'x' }
  assert.equal(routing.bind(bindingOf('amq.headers -k-> q', values)), true)
  assert.equal(routing.bind(bindingOf('amq.headers -k-> q', { b: 'x', a: 1 })), false)
  assert.equal(routing.bind(bindingOf('amq.headers -k-> q', { b: 'x', a: 2 })), true)
  assert.equal(routing.bind(bindingOf('amq.headers -l-> q', values)), true)
  assert.equal(routing.bindingsFrom('amq.headers').length, 3)
  assert.equal(routing.unbind(bindingOf('amq.headers -k-> q', values)).bindings.length, 1)
  assert.equal(routing.bindingsTo({ kind: 'queue', name: 'q' }).length, 2)
  assert.deepEqual(routing.unbind(bindingOf('amq.headers -k-> q', values)).bindings, [])
})

test('taking away a binding that is not there is no error, whatever else is not there', () => {
  const routing = new Routing('/')
  assert.deepEqual(routing.unbind(bindingOf('amq.direct -k-> none')).bindings, [])
  assert.deepEqual(routing.unbind(bindingOf('none =k=> amq.direct')).bindings, [])
  refused('default-exchange', 'operation not permitted on the default exchange', () => {
    routing.unbind({ ...bindingOf('x -k-> q'), source: '' })
  })
})

test('one of two bindings with the same key may go without the other', () => {
  const routing = new Routing('/')
  bind(routing, 'amq.direct -k-> q')
  routing.bind(bindingOf('amq.direct -k-> q', { x: 1 }))
  routing.unbind(bindingOf('amq.direct -k-> q'))
  assert.deepEqual(routed(routing, 'amq.direct', 'k'), ['q'])
})

test('exchanges bound to exchanges pass messages on, also in a circle', () => {
  const routing = new Routing('/')
  for (const name of ['x', 'y', 'z']) routing.addExchange(exchangeOf(name, 'topic'))
  bind(routing, 'x =a.#=> y', 'y =#=> z', 'z =#=> x', 'y -a.b-> q1', 'z -*.c-> q2', 'x -a.c-> q2')
  assert.deepEqual(routed(routing, 'x', 'a.b'), ['q1'])
  assert.deepEqual(routed(routing, 'x', 'a.c'), ['q2'])
  assert.deepEqual(routed(routing, 'x', 'b.c'), [])
  assert.deepEqual(routed(routing, 'z', 'a.b'), ['q1'])
})

test('an alternate exchange gets what no binding took, and its own alternate after it', () => {
  const routing = new Routing('/')
  const to = (name: string) => ({ arguments: tableOf({ 'alternate-exchange': name }) })
  routing.addExchange(exchangeOf('x', 'direct', to('y')))
  routing.addExchange(exchangeOf('y', 'direct', to('z')))
  routing.addExchange(exchangeOf('z', 'fanout', to('x')))
  bind(routing, 'x -a-> q1', 'y -b-> q2')
  assert.deepEqual(routed(routing, 'x', 'a'), ['q1'])
  assert.deepEqual(routed(routing, 'x', 'b'), ['q2'])
  assert.deepEqual(routed(routing, 'x', 'c'), [], 'a circle of alternates ends')
  bind(routing, 'z -k-> rest')
  assert.deepEqual(routed(routing, 'x', 'c'), ['rest'])
})

test('an alternate exchange does not get what a binding led into nothing', () => {
  const routing = new Routing('/')
  const alternate = { arguments: tableOf({ 'alternate-exchange': 'amq.fanout' }) }
  routing.addExchange(exchangeOf('x', 'direct', alternate))
  bind(routing, 'x =k=> amq.direct', 'amq.fanout -k-> rest')
  assert.deepEqual(routed(routing, 'x', 'k'), [])
  assert.deepEqual(routed(routing, 'x', 'other'), ['rest'])
})

test('an alternate exchange may be missing, and is used once it is there', () => {
  const routing = new Routing('/')
  const alternate = { arguments: tableOf({ 'alternate-exchange': 'later' }) }
  routing.addExchange(exchangeOf('x', 'direct', alternate))
  assert.deepEqual(routed(routing, 'x', 'k'), [])
  routing.addExchange(exchangeOf('later', 'fanout'))
  bind(routing, 'later -k-> q')
  assert.deepEqual(routed(routing, 'x', 'k'), ['q'])
  routing.removeExchange('later')
  assert.deepEqual(routed(routing, 'x', 'k'), [])
})

test('the default exchange may be the alternate', () => {
  const routing = new Routing('/')
  const alternate = { arguments: tableOf({ 'alternate-exchange': '' }) }
  routing.addExchange(exchangeOf('x', 'direct', alternate))
  assert.deepEqual(routed(routing, 'x', 'q'), [])
  routing.addQueue('q')
  assert.deepEqual(routed(routing, 'x', 'q'), ['q'])
})

test('the alternate of a policy counts where the declaration has none', () => {
  const routing = new Routing('/')
  routing.addExchange(exchangeOf('x', 'direct'))
  const alternate = { arguments: tableOf({ 'alternate-exchange': 'amq.direct' }) }
  routing.addExchange(exchangeOf('y', 'direct', alternate))
  bind(routing, 'amq.fanout -k-> q1', 'amq.direct -k-> q2')
  for (const name of ['x', 'y']) routing.setAlternate(name, 'amq.fanout')
  assert.deepEqual(routed(routing, 'x', 'k'), ['q1'])
  assert.deepEqual(routed(routing, 'y', 'k'), ['q2'])
  routing.setAlternate('x', undefined)
  assert.deepEqual(routed(routing, 'x', 'k'), [])
})

test('a message with several keys reaches each queue once', () => {
  const routing = new Routing('/')
  bind(routing, 'amq.direct -a-> q1', 'amq.direct -b-> q1', 'amq.direct -b-> q2')
  const into = new Set<string>()
  routing.routeOf('amq.direct', ['a', 'b', 'none'], () => new Map(), into)
  assert.deepEqual([...into].sort(), ['q1', 'q2'])
  routing.routeOf('', ['q1', 'unknown', 'q2'], () => new Map(), into)
  assert.deepEqual([...into].sort(), ['q1', 'q2'])
})

test('a remembered way is forgotten with every change', () => {
  const routing = new Routing('/')
  bind(routing, 'amq.direct -k-> q1')
  const first = routing.queuesOf('amq.direct', 'k')
  assert.equal(routing.queuesOf('amq.direct', 'k'), first, 'the same list comes again')
  bind(routing, 'amq.direct -k-> q2')
  assert.deepEqual(routed(routing, 'amq.direct', 'k'), ['q1', 'q2'])
  routing.unbind(bindingOf('amq.direct -k-> q1'))
  assert.deepEqual(routed(routing, 'amq.direct', 'k'), ['q2'])
  routing.removeQueue('q2')
  assert.deepEqual(routed(routing, 'amq.direct', 'k'), [])
})

test('remembered ways stay right when there are more than are kept', () => {
  const routing = new Routing('/', { cachedMax: 10 })
  for (let i = 0; i < 100; i++) bind(routing, `amq.direct -k${i}-> q${i}`)
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 100; i++)
      assert.deepEqual(routed(routing, 'amq.direct', `k${i}`), [`q${i}`])
  }
})

test('headers are decoded only when an exchange on the way compares them', () => {
  const routing = new Routing('/')
  bind(routing, 'amq.direct -k-> q', 'amq.direct =h=> amq.headers', 'amq.headers -any-> q2')
  let decoded = 0
  const headers = () => {
    decoded++
    return tableOf({})
  }
  for (let i = 0; i < 3; i++) routing.route('amq.direct', 'k', headers, new Set())
  assert.equal(decoded, 0)
  for (let i = 0; i < 3; i++) routing.route('amq.direct', 'h', headers, new Set())
  assert.equal(decoded, 3)
})

test('an auto-delete exchange is named when its last binding goes, however it goes', () => {
  const routing = new Routing('/')
  const fresh = () => routing.addExchange(exchangeOf('x', 'direct', { autoDelete: true }))
  fresh()
  assert.deepEqual(routing.removeQueue('none').emptied, [])
  bind(routing, 'x -a-> q', 'x -b-> q')
  assert.deepEqual(routing.unbind(bindingOf('x -a-> q')).emptied, [])
  assert.deepEqual(routing.unbind(bindingOf('x -b-> q')).emptied, ['x'])
  bind(routing, 'x -a-> q', 'x -b-> q')
  const removed = routing.removeQueue('q')
  assert.deepEqual(removed.emptied, ['x'])
  assert.deepEqual(removed.bindings.map((each) => each.key).sort(), ['a', 'b'])
  routing.addExchange(exchangeOf('y', 'fanout'))
  bind(routing, 'x =k=> y')
  assert.deepEqual(routing.removeExchange('y').emptied, ['x'])
  bind(routing, 'x -a-> q', 'amq.direct =a=> x')
  const last = routing.removeExchange('x')
  assert.deepEqual(last.emptied, [], 'it is gone itself')
  assert.equal(last.bindings.length, 2)
  assert.deepEqual(routing.bindings(), [])
})

test('a delayed exchange matches as the type in its argument', () => {
  const routing = new Routing('/')
  const as = (type: string) => ({ arguments: tableOf({ 'x-delayed-type': type }) })
  routing.addExchange(exchangeOf('x', 'x-delayed-message', as('topic')))
  bind(routing, 'x -a.*-> q')
  assert.deepEqual(routed(routing, 'x', 'a.b'), ['q'])
  assert.throws(() => routing.addExchange(exchangeOf('y', 'x-delayed-message', as('odd'))), {
    reason: 'argument',
  })
})

test('what is not there, or not allowed, is refused with a reason', () => {
  const routing = new Routing('/', { exchangesMax: 1, bindingsMax: 1 })
  routing.addQueue('q')
  const noX = "no exchange 'x' in vhost '/'"
  refused('exchange-unknown', noX, () => routed(routing, 'x', 'k'))
  refused('exchange-unknown', noX, () => routing.bind(bindingOf('x -k-> q')))
  refused('exchange-unknown', noX, () => routing.bind(bindingOf('amq.direct =k=> x')))
  refused('exchange-unknown', noX, () => routing.removeExchange('x'))
  const noQueue = "no queue 'none' in vhost '/'"
  refused('queue-unknown', noQueue, () => routing.bind(bindingOf('amq.direct -k-> none')))
  refused('reserved', "exchange name 'amq.x' contains reserved prefix 'amq.*'", () => {
    routing.addExchange(exchangeOf('amq.x', 'direct'))
  })
  refused('reserved', "deletion of system exchange 'amq.direct' in vhost '/' not allowed", () => {
    routing.removeExchange('amq.direct')
  })
  const onDefault = 'operation not permitted on the default exchange'
  refused('default-exchange', onDefault, () => routing.removeExchange(''))
  refused('default-exchange', onDefault, () => {
    routing.bind({ ...bindingOf('x -k-> q'), source: '' })
  })
  const odd = "invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'"
  refused('argument', odd, () => {
    const alternate = { arguments: tableOf({ 'alternate-exchange': 1 }) }
    routing.addExchange(exchangeOf('x', 'direct', alternate))
  })
  routing.addExchange(exchangeOf('x', 'direct'))
  refused('exchange-exists', "exchange 'x' in vhost '/' is there already", () => {
    routing.addExchange(exchangeOf('x', 'direct'))
  })
  const exchangeLimit = "cannot declare exchange 'y' in vhost '/': exchange limit of 1 is reached"
  refused('limit', exchangeLimit, () => routing.addExchange(exchangeOf('y', 'direct')))
  bind(routing, 'x -k-> q')
  const bindingLimit = "cannot bind to exchange 'x' in vhost '/': binding limit of 1 is reached"
  refused('limit', bindingLimit, () => routing.bind(bindingOf('x -l-> q')))
  refused('exchange-type', "unknown exchange type 'odd'", () => exchangeTypeOf('odd'))
})
