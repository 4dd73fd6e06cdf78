import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { order, saga } from './saga.fixture.ts'

describe('saga, forward', () => {
  it('does its steps one after another and is committed when the last is done', () => {
    order()
      .start()
      .calling('reserve.action')
      .ok('reserve', 'action')
      .calling('charge.action')
      .ok('charge', 'action')
      .calling('ship.action')
      .is('running')
      .ok('ship', 'action')
      .calling()
      .is('committed')
  })

  it('is due at once until it has begun, whatever wakes it', () => {
    for (const type of ['started', 'due', 'recovered'] as const) {
      const story = order()
      assert.equal(story.state.wakeAt, 0)
      story.when({ type }).calling('reserve.action')
      assert.equal(story.state.wakeAt, null)
    }
  })

  it('does steps without an order between them at the same time', () => {
    saga([{ name: 'a' }, { name: 'b', after: [] }, { name: 'c', after: ['a', 'b'] }])
      .start()
      .calling('a.action', 'b.action')
      .ok('b', 'action')
      .calling()
      .ok('a', 'action')
      .calling('c.action')
  })

  it('calls the pivot only when every step and query is done, and the tail only after it', () => {
    saga([
      { name: 'a' },
      { name: 'q', kind: 'query', after: [] },
      { name: 'p', kind: 'pivot', after: [] },
      { name: 't', kind: 'retry', after: [] },
    ])
      .start()
      .calling('a.action', 'q.action')
      .ok('a', 'action')
      .calling()
      .ok('q', 'action')
      .calling('p.action')
      .ok('p', 'action')
      .calling('t.action')
  })

  it('keeps what the steps returned', () => {
    const story = order().start().ok('reserve', 'action', { id: 7 }).ok('charge', 'action')
    const results = story.kind.results(story.plan, story.state)
    assert.deepEqual(results, { reserve: { id: 7 }, charge: undefined })
  })

  it('ignores what is said of operations that are not open', () => {
    const story = order().start().ok('reserve', 'action')
    story.ignores({ type: 'succeeded', branch: 'reserve', op: 'action' })
    story.ignores({ type: 'refused', branch: 'reserve', op: 'action', code: 'NO', detail: '' })
    story.ignores({ type: 'succeeded', branch: 'ship', op: 'action' })
    story.ignores({ type: 'succeeded', branch: 'reserve', op: 'compensate' })
    story.ignores({ type: 'succeeded', branch: 'nobody', op: 'action' })
    story.ignores({ type: 'submitted' })
    story.ignores({ type: 'due' })
  })
})

describe('saga, backward', () => {
  it('undoes in reverse order what was done, and is rolled back', () => {
    const story = saga([{ name: 'a' }, { name: 'b' }, { name: 'c' }]).start()
    story.ok('a', 'action').ok('b', 'action').refuse('c', 'action', 'NO_STOCK')
    story.calling('b.compensate').is('running', 'NO_STOCK')
    story.ok('b', 'compensate').calling('a.compensate')
    story.ok('a', 'compensate').calling().is('rolledBack', 'NO_STOCK')
    assert.equal(story.state.cause?.branch, 'c')
  })

  it('does not undo a step that refused, since that has no effect', () => {
    saga([{ name: 'a' }])
      .start()
      .refuse('a', 'action')
      .calling()
      .is('rolledBack', 'NO')
  })

  it('undoes a step that refused after a call of it was never heard of', () => {
    const story = saga([{ name: 'a' }])
      .start()
      .err('a', 'action')
      .due(100)
      .calling('a.action#2')
    story.refuse('a', 'action').calling('a.compensate').is('running', 'NO')
  })

  it('undoes a step whose outcome is unknown when its attempts are used up', () => {
    const story = saga([{ name: 'a' }, { name: 'b' }])
      .start()
      .ok('a', 'action')
    story.exhaust('b', 'action').calling('b.compensate').is('running', 'EXHAUSTED')
    story.ok('b', 'compensate').calling('a.compensate')
  })

  it('waits for a call under way before it undoes it', () => {
    const story = saga([{ name: 'a' }, { name: 'b', after: [] }]).start()
    story.refuse('a', 'action').calling().is('running', 'NO')
    story.ok('b', 'action').calling('b.compensate').ok('b', 'compensate').is('rolledBack', 'NO')
  })

  it('does not call again what failed on the way back: it is unknown, so it is undone', () => {
    for (const end of ['errored', 'later', 'recovered'] as const) {
      const story = saga([{ name: 'a' }, { name: 'b', after: [] }])
        .start()
        .refuse('a', 'action')
      if (end === 'errored') story.err('b', 'action')
      else if (end === 'later') story.later('b', 'action', 50)
      else story.when({ type: 'recovered' })
      story.calling('b.compensate')
    }
  })

  it('undoes what waits for another attempt without calling it again', () => {
    const story = saga([{ name: 'a' }, { name: 'b', after: [] }])
      .start()
      .err('b', 'action')
    story.refuse('a', 'action').calling('b.compensate')
    story.ignores({ type: 'succeeded', branch: 'b', op: 'action' })
  })

  it('undoes independent steps at the same time, and waits with what they stand on', () => {
    const story = saga([
      { name: 'a' },
      { name: 'b', after: ['a'] },
      { name: 'c', after: ['a'] },
      { name: 'd', after: ['b', 'c'] },
    ])
    story.start().ok('a', 'action').ok('b', 'action').ok('c', 'action').refuse('d', 'action')
    story.calling('c.compensate', 'b.compensate')
    story.ok('b', 'compensate').calling().ok('c', 'compensate').calling('a.compensate')
  })

  it('keeps the order of undoing through a query between two steps', () => {
    const story = saga([{ name: 'a' }, { name: 'q', kind: 'query' }, { name: 'b' }, { name: 'c' }])
    story.start().ok('a', 'action').ok('q', 'action').ok('b', 'action').refuse('c', 'action')
    story.calling('b.compensate').ok('b', 'compensate').calling('a.compensate')
  })

  it('neither undoes a query nor waits for it', () => {
    const story = saga([{ name: 'a' }, { name: 'q', kind: 'query', after: [] }]).start()
    story.ok('a', 'action').refuse('q', 'action').calling('a.compensate')
    const other = saga([{ name: 'a' }, { name: 'q', kind: 'query', after: [] }]).start()
    other.refuse('a', 'action').is('rolledBack', 'NO')
  })

  it('waits the cool-off of a step before it is undone', () => {
    const story = saga([{ name: 'a', undoAfterMs: 500 }, { name: 'b' }])
      .start()
      .ok('a', 'action')
    story.refuse('b', 'action').calling().is('running', 'NO')
    assert.equal(story.state.wakeAt, 500)
    story.due(499).calling().due(500).calling('a.compensate')
  })

  it('parks when an undoing is refused, and when its attempts are used up', () => {
    const begun = () =>
      saga([{ name: 'a' }, { name: 'b' }])
        .start()
        .ok('a', 'action')
    const refused = begun().refuse('b', 'action').refuse('a', 'compensate', 'GONE')
    refused.is('parked', 'GONE')
    const exhausted = begun().refuse('b', 'action').exhaust('a', 'compensate')
    exhausted.is('parked', 'EXHAUSTED')
    assert.equal(exhausted.state.wakeAt, null)
    exhausted.when({ type: 'retry' }).calling('a.compensate#4').is('running', 'NO')
  })
})

describe('saga, attempts', () => {
  it('doubles the delay up to the cap, drawn from its upper half', () => {
    const story = saga([{ name: 'a', retry: { max: 9, firstMs: 100, capMs: 300 } }]).start()
    assert.equal(story.err('a', 'action').state.wakeAt, 100)
    assert.equal(story.due(100).err('a', 'action').state.wakeAt, 300)
    assert.equal(story.due(300).err('a', 'action').state.wakeAt, 600)
    story.random = 0
    assert.equal(story.due(600).err('a', 'action').state.wakeAt, 750)
  })

  it('asks again after later(ms) and uses up no attempt', () => {
    const story = saga([{ name: 'a' }]).start()
    for (let asked = 1; asked <= 20; asked++) {
      story
        .later('a', 'action', 50)
        .due(asked * 50)
        .calling(`a.action#${asked + 1}`)
    }
    story.ok('a', 'action').is('committed')
  })

  it('accepts the late success of a call that was given up', () => {
    order().start().err('reserve', 'action').ok('reserve', 'action').calling('charge.action')
    const parked = order().start().ok('reserve', 'action').exhaust('charge', 'action')
    parked.is('inDoubt', 'EXHAUSTED').ok('charge', 'action').calling('ship.action').is('running')
  })

  it('accepts the late refusal of the last call while it waits for the next one', () => {
    const told = saga([{ name: 'a' }])
      .start()
      .later('a', 'action', 5_000)
    told.refuse('a', 'action').is('rolledBack', 'NO')
    assert.equal(told.state.wakeAt, null)
    const unsure = saga([{ name: 'a' }])
      .start()
      .err('a', 'action')
      .refuse('a', 'action')
    unsure.calling('a.compensate')
  })

  it('hears no refusal, error or later of a call that was given up', () => {
    const story = order().start().err('reserve', 'action').due(100).calling('reserve.action#2')
    const call = { branch: 'reserve', op: 'action', attempt: 1 } as const
    story.ignores({ type: 'refused', ...call, code: 'NO', detail: '' })
    story.ignores({ type: 'errored', ...call, detail: '' })
    story.ignores({ type: 'later', ...call, ms: 5 })
  })

  it('calls again what was under way when its coordinator ended, as another attempt', () => {
    const story = saga([{ name: 'a' }])
      .start()
      .when({ type: 'recovered' })
      .calling('a.action#2')
    story.when({ type: 'recovered' }).calling('a.action#3')
    story.when({ type: 'recovered' }).calling('a.compensate').is('running', 'EXHAUSTED')
  })
})
