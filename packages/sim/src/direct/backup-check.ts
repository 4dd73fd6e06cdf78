import type { Peeked } from '@hufu/broker'
import type { Findings } from '../world/findings.ts'
import { mayBeExpired } from './changing-life.ts'
import { type Copy, nameOf } from './copy.ts'
import type { DirectModel } from './model.ts'

/** What a backup holds of a message: `open` where the model cannot know. */
type Expected = 'there' | 'not there' | 'open'

/** What was promised when the backup began. */
export interface Begun {
  readonly there: ReadonlySet<Copy>
  readonly over: ReadonlySet<Copy>
}

export function begunWith(model: DirectModel): Begun {
  const all = [...model.copies.values()]
  return {
    there: new Set(all.filter(({ sent, gone }) => sent.confirmed && gone === 'no')),
    over: new Set(all.filter(({ sent, gone }) => sent.refused || gone === 'confirmed')),
  }
}

/** What must be in it now that it is made: what nobody has settled meanwhile. */
export function expectedOf(model: DirectModel, begun: Begun): ReadonlyMap<Copy, Expected> {
  const expected = new Map<Copy, Expected>()
  for (const copy of model.copies.values()) {
    const { sent, gone } = copy
    const never = begun.over.has(copy) || sent.group?.commit === 'no'
    const there = begun.there.has(copy) && gone === 'no'
    expected.set(copy, never ? 'not there' : there ? 'there' : 'open')
  }
  return expected
}

/** What may have expired by the time at which a backup is looked into may be there or not. */
export function notExpired(
  expected: ReadonlyMap<Copy, Expected>,
  brokerTime: number,
): ReadonlyMap<Copy, Expected> {
  const left = [...expected].map(([copy, state]): [Copy, Expected] => {
    const open = state === 'there' && mayBeExpired(copy, brokerTime)
    return [copy, open ? 'open' : state]
  })
  return new Map(left)
}

/** What is in a backup against what must be. */
export function checkBackup(
  model: DirectModel,
  expected: ReadonlyMap<Copy, Expected>,
  found: readonly Peeked[],
  findings: Findings,
): void {
  const times = new Map<Copy, number>()
  for (const peeked of found) {
    const copy = model.copyOf(peeked)
    if (copy !== undefined) times.set(copy, (times.get(copy) ?? 0) + 1)
  }
  for (const [copy, count] of times) {
    const what = () => `${nameOf(copy)} is there ${count} times`
    findings.check(count === 1, 'a message is in a queue of a backup once', what)
    const possible = expected.has(copy) && expected.get(copy) !== 'not there'
    findings.check(possible, 'a backup holds nothing that was not there', what)
  }
  for (const [copy, state] of expected) {
    const missing = state === 'there' && !times.has(copy)
    findings.check(!missing, 'a backup holds what was confirmed before it', () => nameOf(copy))
  }
}
