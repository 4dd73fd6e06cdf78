import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FlowPlan, type FlowState, flowKind } from './flow.ts'
import type { Event } from './kind.ts'

const PLAN: FlowPlan = { steps: ['placed', 'paid', 'shipped'], withinMs: 1_000 }

type Given = Event extends infer E ? (E extends Event ? Omit<E, 'at' | 'random'> : never) : never

/** The state after these events, one every 10 ms from 0 on. */
function after(...events: Given[]): FlowState {
  return events.reduce<FlowState>(
    (state, event, n) => {
      return flowKind.decide(PLAN, state, { ...event, at: n * 10, random: 0 } as Event).state
    },
    flowKind.begin(PLAN, 0),
  )
}

function came(branch: string): Given {
  return { type: 'succeeded', branch, op: 'action' }
}

function at(state: FlowState, time: number): FlowState {
  return flowKind.decide(PLAN, state, { type: 'due', at: time, random: 0 }).state
}

test('when every event has come, in whatever order, the flow is committed', () => {
  const state = after(came('shipped'), came('placed'), came('paid'))
  assert.equal(state.status, 'committed')
  assert.equal(state.wakeAt, null)
})

test('what has not come in time is reported by name', () => {
  const state = at(after(came('placed')), 1_000)
  assert.equal(state.status, 'parked')
  assert.equal(state.cause?.code, 'STEP_MISSING')
  assert.match(state.cause!.detail, /paid, shipped did not come within 1000 ms/)
})

test('before its time nothing is reported', () => {
  assert.equal(at(after(came('placed')), 999).status, 'running')
})

test('a late event still counts', () => {
  let state = at(after(came('placed'), came('paid')), 1_000)
  state = flowKind.decide(PLAN, state, { ...came('shipped'), at: 5_000, random: 0 } as Event).state
  assert.equal(state.status, 'committed')
  assert.equal(state.cause, undefined)
})

test('an event twice, or one of another flow, changes nothing', () => {
  const state = after(came('placed'))
  const decide = (given: Given) =>
    flowKind.decide(PLAN, state, { ...given, at: 50, random: 0 } as Event)
  assert.equal(decide(came('placed')).state, state)
  assert.equal(decide(came('other')).state, state)
})

test('a person may skip what never comes, and only that', () => {
  const skip = (branch: string): Given => ({ type: 'skip', branch, detail: 'by phone' })
  assert.equal(after(came('placed'), came('paid'), skip('shipped')).status, 'mixed')
  assert.throws(() => after(came('placed'), skip('placed')), /Skipping placed: it is not missing/)
})

test('a person may give it the whole time anew, or stop it; a final flow takes no word', () => {
  const late = at(after(came('placed')), 1_000)
  const retried = flowKind.decide(PLAN, late, { type: 'retry', at: 2_000, random: 0 }).state
  assert.deepEqual([retried.status, retried.wakeAt], ['running', 3_000])
  assert.equal(after({ type: 'stop', detail: 'wrong order' }).status, 'stopped')
  assert.throws(() => after({ type: 'stop', detail: 'a' }, { type: 'retry' }), /is stopped/)
})

test('explain names what is awaited', () => {
  const { branches, next } = flowKind.explain(PLAN, after(came('placed')))
  assert.deepEqual(
    branches.map(({ state }) => state),
    ['done', 'waiting', 'waiting'],
  )
  assert.match(next, /^waits for paid, shipped until 1970-01-01T00:00:01/)
})
