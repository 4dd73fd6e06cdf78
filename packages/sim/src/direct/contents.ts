import type { Peeked } from '@hufu/broker'
import type { Findings } from '../world/findings.ts'
import { type Copy, type Group, nameOf, type Sent } from './copy.ts'
import type { DirectModel } from './model.ts'

/** What is in the broker against what was promised; nothing is under way meanwhile. */
export function checkContents(
  model: DirectModel,
  found: readonly Peeked[],
  findings: Findings,
  /** Called for each that was never delivered, and is gone because its time to live was over. */
  onExpired: () => void,
): void {
  const times = new Map<Copy, number>()
  for (const peeked of found) {
    const copy = model.copyOf(peeked)
    if (copy !== undefined) times.set(copy, (times.get(copy) ?? 0) + 1)
  }
  for (const copy of model.copies.values()) {
    checkTimes(copy, times.get(copy) ?? 0, findings, onExpired)
  }
  const groups = new Set<Group>()
  for (const sent of model.sent.values()) {
    if (sent.group === undefined) checkWhole(model, [sent], times, findings)
    else groups.add(sent.group)
  }
  for (const { sents } of groups) checkWhole(model, sents, times, findings)
  checkIds(model, findings)
}

function checkTimes(copy: Copy, times: number, findings: Findings, onExpired: () => void): void {
  const what = () => `${nameOf(copy)} is there ${times} times, ${JSON.stringify(copy.sent.id)}`
  findings.check(times <= 1, 'a message is in a queue once', what)
  if (copy.gone === 'confirmed') findings.check(times === 0, 'what is settled is gone', what)
  if (copy.expired && copy.sent.confirmed && times === 0 && copy.delivered === 0) onExpired()
  const { group } = copy.sent
  if (group?.commit === 'no') findings.check(times === 0, 'nothing is seen before its commit', what)
  if (copy.sent.refused) findings.check(times === 0, 'what was refused is not there', what)
  if (copy.gone !== 'no' || !copy.sent.confirmed) return
  findings.check(times >= 1, 'what was confirmed is delivered or still there', what)
}

/** Messages of which nothing is settled are in all of their queues or, never confirmed, in none. */
function checkWhole(
  model: DirectModel,
  sents: readonly Sent[],
  times: ReadonlyMap<Copy, number>,
  findings: Findings,
): void {
  const copies = sents.flatMap(({ token, queues }) => {
    return queues.map((queue) => model.copies.get(`${queue} ${token}`)!)
  })
  if (copies.some(({ gone }) => gone !== 'no')) return
  const counts = copies.map((copy) => times.get(copy) ?? 0)
  findings.check(new Set(counts).size <= 1, 'what goes together is all there or not at all', () => {
    return `${copies.map(nameOf).join(', ')}: ${counts.join(' ')}`
  })
}

/** Ids rise in the order of the calls of `publish`. */
function checkIds(model: DirectModel, findings: Findings): void {
  let last: Sent | undefined
  for (const sent of model.sent.values()) {
    if (sent.id === undefined || sent.group !== undefined) continue
    const before = last
    findings.check((before?.id ?? 0) < sent.id, 'ids rise in publish order', () => {
      return `${before?.token} ${before?.id}, ${sent.token} ${sent.id}`
    })
    last = sent
  }
}
