import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RETRY, Story } from './story.fixture.ts'
import { tccKind } from './tcc.ts'
import type { TccBranch } from './tcc-run.ts'

type Given = Partial<TccBranch> & { readonly name: string }

/** Branches tried at the same time, unless they say otherwise. */
function tcc(given: readonly Given[], deadlineMs: number | null = null) {
  const rest = { after: [], retry: RETRY, insist: RETRY }
  const branches = given.map((branch): TccBranch => ({ ...rest, ...branch }))
  return new Story(tccKind, { branches, deadlineMs })
}

const transfer = (deadlineMs: number | null = null) =>
  tcc([{ name: 'out' }, { name: 'in' }], deadlineMs).start()

const confirming = () => transfer().ok('out', 'try').ok('in', 'try')

const cancelling = () => transfer().ok('out', 'try').refuse('in', 'try', 'CLOSED')

describe('tcc, try and confirm', () => {
  it('tries all at the same time, then confirms all at the same time, then is committed', () => {
    transfer()
      .calling('out.try', 'in.try')
      .ok('out', 'try', { held: 5 })
      .calling()
      .ok('in', 'try')
      .calling('out.confirm', 'in.confirm')
      .ok('in', 'confirm')
      .is('running')
      .ok('out', 'confirm')
      .is('committed')
  })

  it('tries one after another where an order is asked for, and confirms without one', () => {
    tcc([{ name: 'a' }, { name: 'b', after: ['a'] }])
      .start()
      .calling('a.try')
      .ok('a', 'try')
      .calling('b.try')
      .ok('b', 'try')
      .calling('a.confirm', 'b.confirm')
  })

  it('keeps what the tries returned', () => {
    const story = transfer().ok('out', 'try', { held: 5 })
    assert.deepEqual(story.kind.results(story.plan, story.state), { out: { held: 5 } })
  })

  it('parks when a confirm is refused, and when its attempts are used up', () => {
    const refused = confirming().ok('in', 'confirm').refuse('out', 'confirm', 'GONE')
    refused.calling().is('parked', 'GONE')
    assert.equal(refused.state.wakeAt, null)
    confirming().ok('in', 'confirm').exhaust('out', 'confirm').is('parked', 'EXHAUSTED')
  })

  it('the deadline says nothing any more when all are tried', () => {
    const story = transfer(1_000).ok('out', 'try').ok('in', 'try')
    assert.equal(story.state.wakeAt, null)
    story.ignores({ type: 'due' }).due(2_000).calling().is('running')
  })
})

describe('tcc, cancel', () => {
  it('cancels what was tried when a try is refused, but not that one', () => {
    cancelling().calling('out.cancel').is('running', 'CLOSED').ok('out', 'cancel')
    cancelling().ok('out', 'cancel').is('rolledBack', 'CLOSED')
  })

  it('cancels a try that refused after a call of it was never heard of', () => {
    const story = transfer().ok('out', 'try').err('in', 'try').due(100).refuse('in', 'try')
    story.calling('out.cancel', 'in.cancel')
  })

  it('cancels all when the attempts of a try are used up: it may have happened', () => {
    transfer().ok('out', 'try').exhaust('in', 'try').calling('out.cancel', 'in.cancel')
  })

  it('waits for a try under way before it cancels it', () => {
    const story = transfer().refuse('out', 'try').calling().is('running', 'NO')
    story.ok('in', 'try').calling('in.cancel').ok('in', 'cancel').is('rolledBack', 'NO')
    transfer().refuse('out', 'try').err('in', 'try').calling('in.cancel')
    transfer().refuse('out', 'try').refuse('in', 'try').is('rolledBack', 'NO')
  })

  it('cancels at the deadline what was tried, and tries nothing more', () => {
    const story = tcc([{ name: 'a' }, { name: 'b', after: ['a'] }, { name: 'c' }], 1_000).start()
    assert.equal(story.state.wakeAt, 1_000)
    story.err('c', 'try').due(1_000).calling('c.cancel').is('running', 'DEADLINE')
    story.ok('a', 'try').calling('a.cancel').ok('a', 'cancel').ok('c', 'cancel')
    story.is('rolledBack', 'DEADLINE')
  })

  it('parks when a cancel is refused, and when its attempts are used up', () => {
    cancelling().refuse('out', 'cancel', 'GONE').calling().is('parked', 'GONE')
    const story = cancelling().exhaust('out', 'cancel').is('parked', 'EXHAUSTED')
    story.when({ type: 'retry' }).calling('out.cancel#4').is('running', 'CLOSED')
    story.ok('out', 'cancel').is('rolledBack', 'CLOSED')
  })
})

describe('tcc, a person', () => {
  const commit = { type: 'resolve', to: 'commit' } as const
  const rollback = { type: 'resolve', to: 'rollback' } as const

  it('rolls back while it is tried', () => {
    const story = transfer().ok('out', 'try').when(rollback).calling('out.cancel')
    story.err('in', 'try').calling('in.cancel').is('running', 'RESOLVED')
  })

  it('never gets both a confirm and a cancel', () => {
    confirming().refuses(rollback).refuse('in', 'confirm').refuses(rollback)
    cancelling().refuses(commit).refuse('out', 'cancel').refuses(commit)
    transfer().refuses(commit)
  })

  it('goes on with what is stuck', () => {
    const stuck = confirming().ok('in', 'confirm').refuse('out', 'confirm').is('parked', 'NO')
    stuck.when(commit).calling('out.confirm#2').ok('out', 'confirm').is('committed')
    const back = cancelling().refuses(rollback).refuse('out', 'cancel').when(rollback)
    back.calling('out.cancel#2').is('running', 'CLOSED')
  })

  it('skips a confirm or a cancel: the end is mixed; a try cannot be skipped', () => {
    const skip = { type: 'skip', branch: 'out', detail: 'by hand' } as const
    const stuck = confirming().ok('in', 'confirm').refuse('out', 'confirm')
    stuck.when(skip).calling().is('mixed', 'SKIPPED')
    cancelling().refuse('out', 'cancel').when(skip).is('mixed', 'CLOSED')
    transfer().refuses(skip)
    cancelling().refuses({ ...skip, branch: 'in' })
  })

  it('stops: no further call, and late outcomes are ignored', () => {
    const story = confirming().when({ type: 'stop', detail: 'enough' }).is('stopped', 'STOPPED')
    story.calling().ignores({ type: 'succeeded', branch: 'in', op: 'confirm' })
    story.refuses({ type: 'retry' })
  })

  it('is told what is next', () => {
    const story = cancelling().err('out', 'cancel')
    const { phase, next } = story.kind.explain(story.plan, story.state)
    assert.equal(phase, 'cancelling')
    assert.equal(next, 'cancel of out is called at 1970-01-01T00:00:00.100Z, attempt 2')
  })
})
