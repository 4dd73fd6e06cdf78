import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { order, saga } from './saga.fixture.ts'

const charging = (deadlineMs: number | null = null) =>
  order(deadlineMs).start().ok('reserve', 'action')

describe('saga, the pivot', () => {
  it('turns back when the pivot refuses', () => {
    charging().refuse('charge', 'action', 'POOR').calling('reserve.compensate')
  })

  it('is in doubt when the attempts of the pivot are used up, and undoes nothing', () => {
    const story = charging().exhaust('charge', 'action').calling().is('inDoubt', 'EXHAUSTED')
    assert.equal(story.state.wakeAt, null)
  })

  it('goes only forward after the pivot: what fails is parked', () => {
    const shipping = () => charging().ok('charge', 'action').calling('ship.action')
    shipping().refuse('ship', 'action', 'LOST').calling().is('parked', 'LOST')
    shipping().exhaust('ship', 'action').calling().is('parked', 'EXHAUSTED')
  })

  it('goes on with other branches of the tail while one is stuck', () => {
    const story = saga([
      { name: 'p', kind: 'pivot' },
      { name: 'a', kind: 'retry' },
      { name: 'b', kind: 'retry', after: ['p'] },
      { name: 'c', kind: 'retry', after: ['b'] },
    ])
    story.start().ok('p', 'action').calling('a.action', 'b.action').refuse('a', 'action')
    story.is('running').ok('b', 'action').calling('c.action').ok('c', 'action').is('parked', 'NO')
  })

  it('without a pivot is decided when all steps are done', () => {
    const story = saga([{ name: 'a' }, { name: 't', kind: 'retry' }], 1_000).start()
    story.ok('a', 'action').due(2_000).calling()
    story.refuse('t', 'action').is('parked', 'NO')
  })
})

describe('saga, the deadline', () => {
  it('turns back before the pivot is called', () => {
    const story = order(1_000).start()
    assert.equal(story.state.wakeAt, 1_000)
    story.due(1_000).calling().is('running', 'DEADLINE')
    assert.equal(story.state.wakeAt, null)
    story.err('reserve', 'action').calling('reserve.compensate')
    story.ok('reserve', 'compensate').is('rolledBack', 'DEADLINE')
  })

  it('turns back with the event that comes too late, even a success', () => {
    const story = order(1_000).start().when({ type: 'due' }, 999).calling()
    story.when({ type: 'succeeded', branch: 'reserve', op: 'action' }, 1_000)
    story.calling('reserve.compensate').is('running', 'DEADLINE')
  })

  it('is committed when the last step is done, however late it is heard', () => {
    const story = saga([{ name: 'a' }], 1_000).start()
    story.when({ type: 'succeeded', branch: 'a', op: 'action' }, 1_000).is('committed')
  })

  it('waits for the answer of a pivot under way, and goes by it', () => {
    const late = () => charging(1_000).due(1_000).calling().is('running')
    assert.equal(late().state.wakeAt, null)
    late().ok('charge', 'action').calling('ship.action').is('running')
    late().refuse('charge', 'action').calling('reserve.compensate')
    late().err('charge', 'action').calling().is('inDoubt', 'DEADLINE')
    late().when({ type: 'recovered' }).calling().is('inDoubt', 'DEADLINE')
  })

  it('leaves a pivot in doubt that waits for another attempt', () => {
    const story = charging(1_000).when({ type: 'due' }, 990).err('charge', 'action')
    assert.equal(story.state.wakeAt, 1_000)
    story.due(1_000).calling().is('inDoubt', 'DEADLINE')
  })

  it('says nothing any more after the pivot', () => {
    const story = charging(1_000).ok('charge', 'action')
    assert.equal(story.state.wakeAt, null)
    story.due(5_000).calling().ok('ship', 'action').is('committed')
  })
})

describe('saga, a person', () => {
  it('retries what waits or is stuck at once, with all attempts anew', () => {
    const story = charging().ok('charge', 'action').exhaust('ship', 'action')
    story.when({ type: 'retry' }).calling('ship.action#4').is('running')
    story.exhaust('ship', 'action').is('parked', 'EXHAUSTED')
    order().start().err('reserve', 'action').when({ type: 'retry' }).calling('reserve.action#2')
  })

  it('retries a pivot in doubt, and the deadline counts no more', () => {
    const story = charging(1_000).err('charge', 'action').due(1_000).is('inDoubt', 'DEADLINE')
    story.when({ type: 'retry' }, 3_000).calling('charge.action#2').is('running')
    story.err('charge', 'action').is('running').due(9_000).calling('charge.action#3')
    story.ok('charge', 'action').is('running')
  })

  it('goes forward again from doubt and from a stuck tail', () => {
    const commit = { type: 'resolve', to: 'commit' } as const
    charging().exhaust('charge', 'action').when(commit).calling('charge.action#4').is('running')
    const tail = charging().ok('charge', 'action').refuse('ship', 'action')
    tail.when(commit).calling('ship.action#2').ok('ship', 'action').is('committed')
  })

  it('cannot commit what runs, nor what is being undone', () => {
    const commit = { type: 'resolve', to: 'commit' } as const
    order().start().refuses(commit)
    const back = charging().refuse('charge', 'action').refuses(commit)
    back.refuse('reserve', 'compensate').is('parked', 'NO').refuses(commit)
  })

  it('rolls back until the pivot is done', () => {
    const rollback = { type: 'resolve', to: 'rollback' } as const
    const early = order().start().when(rollback).calling().is('running', 'RESOLVED')
    early.ok('reserve', 'action').calling('reserve.compensate')
    const doubt = charging().exhaust('charge', 'action').when(rollback)
    doubt.calling('reserve.compensate').ok('reserve', 'compensate').is('rolledBack', 'RESOLVED')
    charging().refuses(rollback)
    charging().ok('charge', 'action').refuses(rollback)
  })

  it('rolls back again what is stuck on its way back', () => {
    const story = charging().refuse('charge', 'action', 'POOR')
    story.refuses({ type: 'resolve', to: 'rollback' })
    story.refuse('reserve', 'compensate').is('parked', 'NO')
    story.when({ type: 'resolve', to: 'rollback' }).calling('reserve.compensate#2')
    story.ok('reserve', 'compensate').is('rolledBack', 'POOR')
  })

  it('stops: no further call, and late outcomes are ignored', () => {
    const story = order().start().when({ type: 'stop', detail: 'wrong order' })
    story.calling().is('stopped', 'STOPPED')
    story.ignores({ type: 'succeeded', branch: 'reserve', op: 'action' }).ignores({ type: 'due' })
    story.refuses({ type: 'retry' }).refuses({ type: 'stop', detail: 'again' })
  })

  it('forgets an undoing whose cool-off a stop ended', () => {
    const story = saga([{ name: 'a', undoAfterMs: 500 }, { name: 'b' }])
      .start()
      .ok('a', 'action')
    story.refuse('b', 'action').when({ type: 'stop', detail: 'enough' }).is('stopped', 'STOPPED')
    assert.equal(story.state.branches.a?.compensate, undefined)
  })

  it('skips an open operation: what then ends is mixed', () => {
    const skip = (branch: string) => ({ type: 'skip', branch, detail: 'done by hand' }) as const
    const tail = charging().ok('charge', 'action').refuse('ship', 'action')
    tail.when(skip('ship')).calling().is('mixed', 'SKIPPED')
    const pivot = charging().exhaust('charge', 'action').when(skip('charge'))
    pivot.calling('ship.action').ok('ship', 'action').is('mixed', 'SKIPPED')
    const undo = charging().refuse('charge', 'action').refuse('reserve', 'compensate')
    undo.when(skip('reserve')).is('mixed', 'NO')
  })

  it('skips a query and is committed all the same', () => {
    const story = saga([{ name: 'q', kind: 'query' }]).start()
    story.when({ type: 'skip', branch: 'q', detail: 'known' }).is('committed')
  })

  it('undoes a skipped step like any other that was called', () => {
    const story = saga([{ name: 'a' }, { name: 'b' }])
      .start()
      .err('a', 'action')
    story.when({ type: 'skip', branch: 'a', detail: 'by hand' }).calling('b.action')
    story.refuse('b', 'action').calling('a.compensate')
    story.ok('a', 'compensate').is('rolledBack', 'NO')
  })

  it('cannot skip what is not open, nor retry where nothing is', () => {
    const story = charging().refuses({ type: 'skip', branch: 'reserve', detail: '' })
    story.refuses({ type: 'skip', branch: 'ship', detail: '' })
    story.refuses({ type: 'skip', branch: 'nobody', detail: '' })
    order().refuses({ type: 'retry' })
  })
})

describe('saga, explained', () => {
  it('says what is next and when', () => {
    const story = charging().err('charge', 'action')
    const { phase, next, branches } = story.kind.explain(story.plan, story.state)
    assert.equal(phase, 'acting')
    assert.equal(next, 'action of charge is called at 1970-01-01T00:00:00.100Z, attempt 2')
    const states = branches.map(({ branch, op, state }) => [branch, op, state])
    const expected = [
      ['reserve', 'action', 'done'],
      ['charge', 'action', 'retrying'],
      ['ship', null, 'waiting'],
    ]
    assert.deepEqual(states, expected)
  })

  it('says for whom it waits', () => {
    const story = charging().refuse('charge', 'action').refuse('reserve', 'compensate')
    const { phase, next } = story.kind.explain(story.plan, story.state)
    assert.equal(phase, 'compensating')
    assert.equal(next, 'waits for a person: compensate of reserve is refused (no)')
  })
})
