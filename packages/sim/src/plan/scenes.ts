import type { SeededRandom } from '@hufu/os/simulated'
import { TARGETS } from '../direct/queues.ts'
import { pick } from './pick.ts'
import type { End, MessageStep, Step } from './step.ts'

/** A kill before a folder is synced, and a power cut before that is made good. */
function drawDeathTwice(random: SeededRandom): Step[] {
  const first = 1 + random.below(6)
  const kill: Step = { kind: 'death', at: { calls: first, of: 'syncDir' }, end: { kind: 'kill' } }
  const calls = first + 2 + random.below(4)
  const crash: End = { kind: 'crash', keep: 'none' }
  return [kill, { kind: 'death', at: { calls, of: 'syncDir' }, end: crash }]
}

/** An orderly stop, then a life that delivers before it writes, and ends in its first write. */
export function drawTornStart(random: SeededRandom): Step[] {
  const queue = pick(random, TARGETS)
  const steps: Step[] = [{ kind: 'subscribe', queue, credit: 1 }]
  for (let count = 3 + random.below(4); count > 0; count--) {
    steps.push({ kind: 'publish', queues: [queue], bytes: random.below(300) })
  }
  steps.push({ kind: 'pass', ms: 3 }, { kind: 'end', end: { kind: 'close' } })
  const end: End = random.chance(0.6) ? { kind: 'kill' } : { kind: 'crash', keep: 'all' }
  steps.push({ kind: 'death', at: { calls: 1 + random.below(2), of: 'write' }, end })
  steps.push({ kind: 'subscribe', queue, credit: 20 }, { kind: 'pass', ms: 6 })
  return steps
}

/** Much goes through one queue while a little of it, and of others, stays. */
export function drawChurn(random: SeededRandom): Step[] {
  const steps: Step[] = [{ kind: 'subscribe', queue: 'patient', credit: 60 }]
  if (random.chance(0.4)) steps.push(...drawDeathTwice(random))
  for (let count = 12 + random.below(16); count > 0; count--) {
    const queues = random.chance(0.15) ? ['patient', 'parking'] : ['patient']
    steps.push({ kind: 'publish', queues, bytes: 400 + random.below(1_500) })
    if (random.chance(0.7)) steps.push({ kind: 'pass', ms: 1 + random.below(4) })
  }
  return steps
}

/** Producers are asked, go before they have answered, and come again when their time is over. */
export function drawSilence(random: SeededRandom, message: () => MessageStep): Step[] {
  const check = { firstMs: 1, everyMs: 20, max: 3 }
  const steps: Step[] = [{ kind: 'producer', here: true }]
  for (let count = 1 + random.below(4); count > 0; count--) {
    const truth = random.chance(0.6) ? 'commit' : 'rollback'
    steps.push({ kind: 'half', messages: [message()], truth, check })
  }
  steps.push({ kind: 'pass', ms: 40 }, { kind: 'producer', here: false })
  steps.push({ kind: 'pass', ms: 10_500 }, { kind: 'producer', here: true })
  return [...steps, { kind: 'pass', ms: 30 }]
}

/**
 * The process dies of what has just come due, and the clock is set back to before that, yet not to
 * before the last that was written.
 */
export function drawSetBack(random: SeededRandom): Step[] {
  const queue = pick(random, TARGETS)
  const delayMs = 200 + random.below(200)
  const steps: Step[] = [{ kind: 'subscribe', queue, credit: 20 }]
  const count = 1 + random.below(3)
  for (let n = 0; n < count; n++) {
    steps.push({ kind: 'publish', queues: [queue], bytes: random.below(100), delayMs })
  }
  steps.push({ kind: 'pass', ms: delayMs - 20 })
  const end: End = random.chance(0.6) ? { kind: 'kill' } : { kind: 'crash', keep: 'all' }
  steps.push({ kind: 'death', at: { deliveries: 1 + random.below(count) }, end })
  const back = 60 + random.below(delayMs - 100)
  return [...steps, { kind: 'pass', ms: 40 }, { kind: 'jump', ms: -back }]
}
