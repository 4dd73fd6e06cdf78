import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isFinal } from '../ports/transactions.ts'
import type { Branches } from './draft.ts'
import { flowKind } from './flow.ts'
import type { Event, Kind } from './kind.ts'
import { messageKind } from './message.ts'
import type { MessageState } from './message-run.ts'
import { sagaKind } from './saga.ts'
import type { SagaPlan } from './saga-plan.ts'
import type { SagaState } from './saga-run.ts'
import type { Happening } from './story.fixture.ts'
import { RETRY } from './story.fixture.ts'
import { tccKind } from './tcc.ts'
import type { TccState } from './tcc-run.ts'
import { Dice, Walk, type WalkState } from './walk.fixture.ts'

/*
 * The diagrams of docs/states.md against the code: many transactions are run by lot, and every move
 * from one state to another must be an arrow, and every arrow must be a move.
 */

const PAGE = fileURLToPath(new URL('../../../../docs/states.md', import.meta.url))

/** Arrows `a --> b` of the diagram under a heading, with what is written at them taken away. */
function arrows(heading: string): Set<string> {
  const section = readFileSync(PAGE, 'utf8').split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!
  const diagram = section.split('```mermaid\n')[1]!.split('```')[0]!
  return new Set([...diagram.matchAll(/^ *(\S+) --> ([^\s:]+)/gm)].map(([, a, b]) => `${a} ${b}`))
}

function assertSame(actual: ReadonlySet<string>, documented: ReadonlySet<string>): void {
  assert.deepEqual([...actual].sort(), [...documented].sort())
}

function sagaNode(plan: SagaPlan, { status, phase, branches }: SagaState): string {
  if (status !== 'running' && status !== 'parked') return status
  const decided = plan.steps.every(({ name, kind }) => {
    return kind === 'retry' || /done|skipped/.test(branches[name]?.action?.state ?? '')
  })
  if (status === 'parked') return phase === 'backward' ? 'undoStuck' : 'tailStuck'
  if (phase === 'backward') return 'compensating'
  return decided ? 'finishing' : 'acting'
}

function tccNode(_plan: unknown, { status, phase }: TccState): string {
  if (status === 'parked') return phase === 'confirming' ? 'confirmStuck' : 'cancelStuck'
  return status === 'running' ? phase : status
}

function messageNode(_plan: unknown, { status, phase, asking }: MessageState): string {
  if (status === 'parked') return phase === 'prepared' ? 'undecided' : 'stuck'
  if (status !== 'running') return status
  return phase === 'prepared' && asking ? 'asking' : phase
}

const WORDS: readonly Happening[] = [
  { type: 'retry' },
  { type: 'stop', detail: 'enough' },
  { type: 'resolve', to: 'commit' },
  { type: 'resolve', to: 'rollback' },
  ...['a', 'b', 'c'].map((branch) => ({ type: 'skip', branch, detail: 'by hand' }) as const),
]

const MESSAGE_WORDS: readonly Happening[] = [
  ...WORDS,
  { type: 'submitted' },
  { type: 'aborted', detail: 'it failed' },
  { type: 'undecided', detail: 'locked' },
]

/** Moves of many transactions, and of their operations. */
function explore<Plan, State extends WalkState>(
  kind: Kind<Plan, State>,
  plans: readonly Plan[],
  words: readonly Happening[],
  nodeOf: (plan: Plan, state: State) => string,
  operations: Set<string>,
): Set<string> {
  const moves = new Set<string>()
  for (let seed = 1; seed <= 6_000; seed++) {
    const walker = new Walk(kind, plans[seed % plans.length]!, seed)
    moves.add(`[*] ${nodeOf(walker.plan, walker.state)}`)
    walker.trouble = walker.dice.pick([0.4, 0.8])
    walker.onTold = (before, after) => {
      const [from, to] = [nodeOf(walker.plan, before), nodeOf(walker.plan, after)]
      if (from !== to) moves.add(`${from} ${to}`)
      if (isFinal(after.status)) moves.add(`${to} [*]`)
      addOperations(operations, before.branches, after.branches)
    }
    walker.tell({ type: 'started' })
    const wordy = walker.dice.pick([0, 0.05, 0.2])
    for (let done = 0; done < 60 && !isFinal(walker.state.status); done++) {
      if (walker.dice.chance(wordy)) say(walker, walker.dice.pick(words))
      else walker.step()
    }
  }
  return moves
}

function say<Plan, State extends WalkState>(walker: Walk<Plan, State>, word: Happening): void {
  try {
    walker.tell(word)
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'GLOBAL_STATE')
  }
}

function addOperations(moves: Set<string>, before: Branches, after: Branches): void {
  for (const [name, operations] of Object.entries(after)) {
    for (const [op, { state }] of Object.entries(operations)) {
      const was = before[name]?.[op as 'action']?.state ?? 'waiting'
      if (was !== state) moves.add(`${was} ${state}`)
    }
  }
}

/** A flow calls nobody: steps come, or do not. */
function exploreFlow(): Set<string> {
  const plan = { steps: ['a', 'b'], withinMs: 100 }
  const steps = plan.steps.map((branch) => ({ type: 'succeeded', branch, op: 'action' }) as const)
  const happenings: readonly Happening[] = [...WORDS.slice(0, -1), ...steps, { type: 'due' }]
  const moves = new Set<string>()
  for (let seed = 1; seed <= 2_000; seed++) {
    const dice = new Dice(seed)
    let state = flowKind.begin(plan, 0)
    moves.add(`[*] ${state.status}`)
    for (let at = 0; !isFinal(state.status); at += dice.below(60)) {
      const before = state.status
      const event = { ...dice.pick(happenings), at, random: 0 } as Event
      try {
        state = flowKind.decide(plan, state, event).state
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'GLOBAL_STATE')
      }
      if (before !== state.status) moves.add(`${before} ${state.status}`)
    }
    moves.add(`${state.status} [*]`)
  }
  return moves
}

const rest = { retry: RETRY, undoRetry: RETRY, insist: RETRY, undoAfterMs: 0 }

function sagaPlans(): SagaPlan[] {
  const step = { kind: 'step', hasUndo: true, after: [] as string[], ...rest } as const
  const other = { hasUndo: false, ...rest } as const
  const pivotal = [
    { name: 'a', ...step, undoAfterMs: 50 },
    { name: 'b', ...other, kind: 'pivot', after: ['a'] },
    { name: 'c', ...other, kind: 'retry', after: ['b'] },
  ] as const
  const plain = [
    { name: 'a', ...step },
    { name: 'b', ...other, kind: 'query', after: [] },
    { name: 'c', ...step, after: ['b'] },
  ] as const
  const first = [{ name: 'a', ...other, kind: 'pivot', after: [] }] as const
  return [pivotal, plain, first].flatMap((steps) => [
    { steps, deadlineMs: null },
    { steps, deadlineMs: 400 },
  ])
}

const branches = ['a', 'b', 'c'].map((name) => ({ name, after: [], ...rest }))

describe('docs/states.md', () => {
  const operations = new Set<string>()

  it('has the moves of a saga', () => {
    const moves = explore(sagaKind, sagaPlans(), WORDS, sagaNode, operations)
    assertSame(moves, arrows('Saga'))
  })

  it('has the moves of a TCC', () => {
    const plans = [
      { branches, deadlineMs: null },
      { branches, deadlineMs: 300 },
      { branches: branches.slice(0, 1), deadlineMs: 300 },
    ]
    assertSame(explore(tccKind, plans, WORDS, tccNode, operations), arrows('TCC'))
  })

  it('has the moves of a two-phase message', () => {
    const plan = { branches, checkAfterMs: 300, checkEveryMs: 300, askMax: 2 }
    const plans = [plan, { ...plan, branches: branches.slice(0, 1) }]
    const moves = explore(messageKind, plans, MESSAGE_WORDS, messageNode, operations)
    assertSame(moves, arrows('Two-phase message'))
  })

  it('has the moves of a flow', () => {
    assertSame(exploreFlow(), arrows('Flow'))
  })

  it('has the moves of an operation', () => {
    assertSame(operations.add('[*] waiting'), arrows('Operation of a branch'))
  })
})
