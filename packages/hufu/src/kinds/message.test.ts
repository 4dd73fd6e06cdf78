import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageKind } from './message.ts'
import { RETRY, Story } from './story.fixture.ts'

const PLAN = {
  branches: [
    { name: 'points', after: [], retry: RETRY },
    { name: 'coupon', after: ['points'], retry: RETRY },
  ],
  checkAfterMs: 6_000,
  checkEveryMs: 30_000,
  askMax: 3,
}

const prepared = () => new Story(messageKind, PLAN).start()

const submitted = () => prepared().when({ type: 'submitted' })

const undecided = { type: 'undecided', detail: 'locked' } as const

function parkedUndecided() {
  const story = prepared()
  for (const at of [6_000, 36_000, 66_000]) story.due(at).when(undecided)
  return story
}

describe('two-phase message, prepared', () => {
  it('calls nothing before the word of the local transaction', () => {
    const story = prepared().calling().is('running')
    assert.equal(story.state.wakeAt, 6_000)
    assert.equal(story.ask, false)
  })

  it('submitted calls its branches one after another and is committed when all are done', () => {
    const story = submitted().calling('points.action').ok('points', 'action', 7)
    story.calling('coupon.action').ok('coupon', 'action').is('committed')
    assert.deepEqual(story.kind.results(PLAN, story.state), { points: 7, coupon: undefined })
  })

  it('aborted is rolled back', () => {
    const story = prepared().when({ type: 'aborted', detail: 'it failed' }).calling()
    story.is('rolledBack', 'ABORTED').ignores({ type: 'submitted' })
  })

  it('asks when no word comes, once at a time', () => {
    const story = prepared().due(5_999)
    assert.equal(story.ask, false)
    assert.equal(story.due(6_000).ask, true)
    assert.equal(story.state.wakeAt, null)
    story.ignores({ type: 'due' })
    assert.equal(story.ask, false)
    assert.equal(story.when({ type: 'submitted' }).ask, false)
    story.calling('points.action')
  })

  it('asks again after an asking without a word, and parks after the last', () => {
    const story = prepared().due(6_000).when(undecided)
    assert.equal(story.state.wakeAt, 36_000)
    assert.equal(story.due(36_000).ask, true)
    parkedUndecided().is('parked', 'UNDECIDED')
    assert.equal(parkedUndecided().state.wakeAt, null)
  })

  it('asks again at once when the coordinator ended while it asked, and counts none', () => {
    const story = prepared().due(6_000).when({ type: 'recovered' })
    assert.equal(story.ask, true)
    assert.equal(story.state.undecided, 0)
  })

  it('takes a late word although it is parked', () => {
    parkedUndecided().when({ type: 'submitted' }).calling('points.action').is('running')
    parkedUndecided().when({ type: 'aborted', detail: '' }).is('rolledBack', 'ABORTED')
  })

  it('ignores an answer that nobody asked for', () => {
    prepared().ignores(undecided)
    submitted().ignores(undecided).ignores({ type: 'aborted', detail: '' })
    submitted().ignores({ type: 'submitted' })
  })
})

describe('two-phase message, submitted', () => {
  it('is never rolled back: what fails is parked', () => {
    submitted().refuse('points', 'action', 'CLOSED').calling().is('parked', 'CLOSED')
    submitted().exhaust('points', 'action').calling().is('parked', 'EXHAUSTED')
  })

  it('calls again what was under way when its coordinator ended', () => {
    submitted().when({ type: 'recovered' }).calling('points.action#2')
  })
})

describe('two-phase message, a person', () => {
  const commit = { type: 'resolve', to: 'commit' } as const
  const rollback = { type: 'resolve', to: 'rollback' } as const

  it('gives the word that is missing', () => {
    parkedUndecided().when(commit).calling('points.action')
    parkedUndecided().when(rollback).is('rolledBack', 'RESOLVED')
  })

  it('has it asked again, with all askings anew', () => {
    const story = parkedUndecided().when({ type: 'retry' }).is('running')
    assert.equal(story.ask, true)
    story.when(undecided).is('running')
  })

  it('goes on with what is stuck, and cannot roll back', () => {
    submitted().refuses(rollback).refuses(commit)
    const stuck = () => submitted().refuse('points', 'action')
    stuck().refuses(rollback).when(commit).calling('points.action#2')
    stuck().when({ type: 'retry' }).calling('points.action#2').is('running')
  })

  it('skips a branch: the end is mixed', () => {
    const skip = { type: 'skip', branch: 'points', detail: 'by hand' } as const
    const story = submitted().refuse('points', 'action').when(skip).calling('coupon.action')
    story.ok('coupon', 'action').is('mixed', 'SKIPPED')
    prepared().refuses(skip)
  })

  it('stops', () => {
    const stop = { type: 'stop', detail: 'enough' } as const
    prepared().when(stop).is('stopped', 'STOPPED').ignores({ type: 'submitted' })
    submitted().when(stop).calling().is('stopped', 'STOPPED').refuses({ type: 'retry' })
  })

  it('is told what is next', () => {
    const explain = (story: ReturnType<typeof prepared>) => story.kind.explain(PLAN, story.state)
    const asked = 'what became of the local transaction is asked'
    assert.equal(explain(prepared()).next, `${asked} at 1970-01-01T00:00:06.000Z, 1 of 3`)
    assert.equal(explain(prepared().due(6_000)).next, `${asked} now, 1 of 3`)
    assert.equal(explain(parkedUndecided()).next, 'waits for a person: locked')
    const stuck = submitted().refuse('points', 'action')
    assert.equal(explain(stuck).next, 'waits for a person: action of points is refused (no)')
  })
})
