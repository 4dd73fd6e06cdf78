import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFinal } from '../ports/transactions.ts'
import type { Call } from './kind.ts'
import { messageKind } from './message.ts'
import { sagaKind } from './saga.ts'
import type { SagaPlan, SagaStep, StepKind } from './saga-plan.ts'
import type { Happening } from './story.fixture.ts'
import { RETRY } from './story.fixture.ts'
import { tccKind } from './tcc.ts'
import { Dice, Walk, type WalkState } from './walk.fixture.ts'

const WALKS = 3_000

const PERSON: readonly Happening[] = [
  { type: 'retry' },
  { type: 'resolve', to: 'commit' },
  { type: 'resolve', to: 'rollback' },
]

/** Up to 40 things happen; then all succeeds, until the end. */
function walk<Plan, State extends WalkState>(
  walker: Walk<Plan, State>,
  help: () => void,
  words: readonly Happening[] = PERSON,
): void {
  walker.tell({ type: 'started' })
  const things = walker.dice.below(40)
  for (let done = 0; done < things && !isFinal(walker.state.status); done++) {
    if (words.length > 0 && walker.dice.chance(0.04)) say(walker, walker.dice.pick(words))
    else walker.step()
  }
  walker.finish(help)
  // Whatever comes now changes nothing.
  for (let more = 0; more < 5; more++) walker.step()
  assert.deepEqual(walker.kind.explain(walker.plan, walker.state).next.startsWith('nothing'), true)
}

/** A word out of place is refused, and changes nothing. */
function say<Plan, State extends WalkState>(walker: Walk<Plan, State>, word: Happening): void {
  const before = walker.state
  try {
    walker.tell(word)
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'GLOBAL_STATE')
    assert.equal(walker.state, before)
  }
}

function sagaPlan(dice: Dice): SagaPlan {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, 1 + dice.below(6))
  const pivot = dice.below(names.length + 2)
  const steps = names.map((name, at): SagaStep => {
    const before = names.slice(0, at)
    const early: StepKind = dice.chance(0.2) ? 'query' : 'step'
    const late: StepKind = at === pivot ? 'pivot' : 'retry'
    const kind = at < pivot ? early : late
    const after = before.filter(() => dice.chance(0.5))
    const undoAfterMs = dice.chance(0.2) ? 500 : 0
    const own = { name, kind, after, undoAfterMs, hasUndo: kind === 'step' }
    return { ...own, retry: RETRY, undoRetry: RETRY }
  })
  return { steps, deadlineMs: dice.chance(0.5) ? 100 + dice.below(2_000) : null }
}

function checkSagaCall(walker: Walk<SagaPlan, WalkState>, { branch, op }: Call): void {
  const { steps } = walker.plan
  const step = steps.find(({ name }) => name === branch)!
  if (op === 'action') {
    assert.ok(![...walker.called].some((call) => call.endsWith('/compensate')), 'action after undo')
    for (const name of step.after) {
      assert.match(walker.operation(name, 'action')!.state, /done|skipped/)
    }
    return
  }
  assert.ok(step.hasUndo && walker.called.has(`${branch}/action`), 'undo of what was never called')
  const above = new Set([branch])
  for (const { name, after } of steps) if (after.some((each) => above.has(each))) above.add(name)
  above.delete(branch)
  for (const { name } of steps.filter(({ name, hasUndo }) => hasUndo && above.has(name))) {
    assert.ok(!walker.effects.has(`${name}/action`), `${branch} is undone under ${name}`)
  }
}

function checkSagaEnd(walker: Walk<SagaPlan, WalkState>): void {
  const { status, cause } = walker.state
  for (const { name, kind } of walker.plan.steps) {
    if (kind === 'query') continue
    const inEffect = walker.effects.has(`${name}/action`)
    if (status === 'committed') assert.ok(inEffect, `committed without ${name}`)
    else if (kind !== 'pivot' || cause?.code !== 'RESOLVED') {
      assert.ok(!inEffect, `rolled back with ${name}`)
    }
  }
}

describe('any saga, whatever happens to its calls', () => {
  it('keeps the order, ends when its participants succeed, and all or nothing is in effect', () => {
    const ends = new Map<string, number>()
    for (let seed = 1; seed <= WALKS; seed++) {
      const walker = new Walk<SagaPlan, WalkState>(
        sagaKind as never,
        sagaPlan(new Dice(-seed)),
        seed,
      )
      const kindOf = (branch: string) => walker.plan.steps.find(({ name }) => name === branch)!.kind
      // A pivot's refusal is taken for its word: docs/states.md.
      walker.noStrays = ({ branch }) => kindOf(branch) === 'pivot'
      walker.onCall = (call) => checkSagaCall(walker, call)
      walk(walker, () => walker.wait())
      const { status } = walker.state
      assert.match(status, /committed|rolledBack/)
      checkSagaEnd(walker)
      ends.set(status, (ends.get(status) ?? 0) + 1)
    }
    for (const count of ends.values()) assert.ok(count > WALKS / 10)
  })
})

describe('any TCC, whatever happens to its calls', () => {
  it('never confirms and cancels, ends, and all or nothing is in effect', () => {
    const ends = new Map<string, number>()
    for (let seed = 1; seed <= WALKS; seed++) {
      const dice = new Dice(-seed)
      const names = ['a', 'b', 'c'].slice(0, 1 + dice.below(3))
      const branches = names.map((name, at) => {
        const after = names.slice(0, at).filter(() => dice.chance(0.3))
        return { name, after, retry: RETRY, insist: RETRY }
      })
      const deadlineMs = dice.chance(0.5) ? 100 + dice.below(2_000) : null
      const walker = new Walk(tccKind, { branches, deadlineMs }, seed)
      walker.onCall = ({ branch, op }) => {
        if (op !== 'try') assert.ok(walker.called.has(`${branch}/try`), `${op} without a try`)
      }
      walk(walker, () => walker.wait())
      const { status } = walker.state
      const ops = new Set([...walker.called].map((call) => call.split('/')[1]))
      assert.ok(!(ops.has('confirm') && ops.has('cancel')))
      for (const name of names) {
        assert.equal(walker.effects.has(`${name}/try`), status === 'committed')
        assert.equal(walker.effects.has(`${name}/confirm`), status === 'committed')
      }
      ends.set(status, (ends.get(status) ?? 0) + 1)
    }
    assert.deepEqual([...ends.keys()].sort(), ['committed', 'rolledBack'])
  })
})

describe('any two-phase message, whatever happens to its calls', () => {
  const plan = {
    branches: ['a', 'b', 'c'].map((name, at, all) => ({
      ...{ name, after: at === 2 ? [all[0]!] : [], retry: RETRY },
    })),
    ...{ checkAfterMs: 500, checkEveryMs: 1_000, askMax: 3 },
  }

  it('calls nothing before its word, ends, and after it everything is in effect', () => {
    const ends = new Map<string, number>()
    for (let seed = 1; seed <= WALKS; seed++) {
      const walker = new Walk(messageKind, plan, seed)
      const { dice } = walker
      const word: Happening = dice.chance(0.5)
        ? { type: 'submitted' }
        : { type: 'aborted', detail: 'it failed' }
      let given = false
      walker.onCall = () => assert.ok(given)
      const give = (): void => {
        given = true
        walker.tell(word)
      }
      const answer = (): void => {
        if (!walker.asked) return walker.wait()
        walker.asked = false
        give()
      }
      // The sender's own word may come before anybody asks, or never.
      if (dice.chance(0.7)) give()
      walk(walker, answer, [{ type: 'retry' }, { type: 'undecided', detail: 'locked' }])
      const { status } = walker.state
      assert.equal(status, word.type === 'submitted' ? 'committed' : 'rolledBack')
      assert.equal(walker.effects.size, status === 'committed' ? 3 : 0)
      ends.set(status, (ends.get(status) ?? 0) + 1)
    }
    assert.equal(ends.size, 2)
  })

  it('is parked when nobody can tell, and still takes the word', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const walker = new Walk(messageKind, plan, seed)
      walker.tell({ type: 'started' })
      while (walker.state.status === 'running') {
        if (walker.dice.chance(0.2)) walker.crash()
        else walker.wait()
        if (walker.asked) walker.tell({ type: 'undecided', detail: 'locked' })
        walker.asked = false
      }
      assert.equal(walker.state.status, 'parked')
      walker.tell({ type: 'submitted' })
      walker.finish(() => walker.wait())
      assert.equal(walker.state.status, 'committed')
    }
  })
})
