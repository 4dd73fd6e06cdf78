import type { Peeked } from '@hufu/broker'
import type { Findings } from '../world/findings.ts'
import { type Copy, nameOf, type Sent } from './copy.ts'
import type { DirectModel } from './model.ts'

/** What is in the broker against what was promised; nothing is under way meanwhile. */
export function checkContents(
  model: DirectModel,
  found: readonly Peeked[],
  findings: Findings,
): void {
  const times = new Map<Copy, number>()
  for (const peeked of found) {
    const copy = model.copyOf(peeked)
    if (copy !== undefined) times.set(copy, (times.get(copy) ?? 0) + 1)
  }
  for (const copy of model.copies.values()) checkTimes(copy, times.get(copy) ?? 0, findings)
  for (const sent of model.sent.values()) checkWhole(model, sent, times, findings)
}

function checkTimes(copy: Copy, times: number, findings: Findings): void {
  const what = () => `${nameOf(copy)} is there ${times} times, ${JSON.stringify(copy.sent.id)}`
  findings.check(times <= 1, 'a message is in a queue once', what)
  if (copy.gone === 'confirmed') findings.check(times === 0, 'what is settled is gone', what)
  if (copy.sent.refused) findings.check(times === 0, 'what was refused is not there', what)
  if (copy.gone !== 'no' || !copy.sent.confirmed) return
  findings.check(times >= 1, 'what was confirmed is delivered or still there', what)
}

/** A message of which nothing is settled is in all of its queues or, never confirmed, in none. */
function checkWhole(
  model: DirectModel,
  { token, queues }: Sent,
  times: ReadonlyMap<Copy, number>,
  findings: Findings,
): void {
  const copies = queues.map((queue) => model.copies.get(`${queue} ${token}`)!)
  if (copies.some(({ gone }) => gone !== 'no')) return
  const counts = copies.map((copy) => times.get(copy) ?? 0)
  findings.check(new Set(counts).size === 1, 'a message reaches all of its queues or none', () => {
    return `${token}: ${queues.join(' ')}: ${counts.join(' ')}`
  })
}
