import type { Limits } from '@hufu/broker'
import { SeededRandom } from '@hufu/os/simulated'
import { TARGETS } from '../direct/queues.ts'
import { OrderDraw } from './order-draw.ts'
import { pick } from './pick.ts'
import { drawChurn, drawSetBack, drawSilence, drawTornStart } from './scenes.ts'
import type { DeathAt, End, MessageStep, Numbered, Plan, Setting, Step } from './step.ts'
import { type Swarm, swarmOf } from './swarm.ts'

const KiB = 1024

/** All that a seed does, drawn before anything happens: what is cut out shifts nothing else. */
export function drawPlan(seed: number): Plan {
  const random = new SeededRandom(seed).fork('plan')
  const swarm = swarmOf(random)
  const setting = drawSetting(random, swarm)
  const steps: Step[] = []
  const orders = new OrderDraw(random, swarm)
  for (let life = 0; life < swarm.lives; life++) steps.push(...drawLife(random, swarm, orders))
  const numbered: Numbered[] = steps.map((step, number) => ({ number, step }))
  return { seed, setting, steps: numbered }
}

function drawSetting(random: SeededRandom, swarm: Swarm): Setting {
  const { retry, later, requeue, reject, keep } = swarm
  const others = retry + later + requeue + reject + keep
  const done = Math.max(0.2, 1 - others)
  const slow = swarm.slowDisk ? 8 : 1
  return {
    limits: drawLimits(random, swarm),
    refusals: swarm.refusals,
    latencyMs: [0.02 * slow, (0.2 + random.next()) * slow],
    outcomes: { done, retry, later, requeue, reject },
    slowMs: 5 + random.below(40),
    services: swarm.services,
  }
}

/** So small that segments are rolled, freed and recycled within a few dozen messages. */
function drawLimits(random: SeededRandom, { churn }: Swarm): Partial<Limits> {
  const segmentBytesMin = 4 * KiB
  const segmentBytesMax = segmentBytesMin << (churn ? 0 : random.below(3))
  const cacheBytes = random.chance(0.5) ? 1 : 256 * KiB
  const checkpointBytes = (3 + random.below(churn ? 4 : 12)) * KiB
  return { segmentBytesMin, segmentBytesMax, cacheBytes, checkpointBytes }
}

function drawLife(random: SeededRandom, swarm: Swarm, orders: OrderDraw): Step[] {
  const steps: Step[] = []
  const rounds = 1 + random.below(swarm.rounds)
  if (swarm.churn) steps.push(...drawChurn(random))
  if (random.chance(swarm.faults.death)) steps.push(drawDeath(random))
  if (random.chance(swarm.faults.death)) steps.push(drawDeath(random))
  for (let round = 0; round < rounds; round++) {
    if (swarm.direct) steps.push(...drawDirect(random, swarm))
    if (swarm.services) steps.push(...orders.round())
    steps.push(...drawFaults(random, swarm))
    steps.push({ kind: 'pass', ms: Math.round(random.next() * swarm.passMs * 1024) / 1024 })
  }
  if (random.chance(swarm.setBack)) steps.push(...drawSetBack(random))
  if (random.chance(swarm.tornStart)) steps.push(...drawTornStart(random))
  steps.push({ kind: 'end', end: drawEnd(random, swarm.faults.close) })
  if (random.chance(swarm.faults.jump)) steps.push(drawJump(random))
  return steps
}

function drawDirect(random: SeededRandom, swarm: Swarm): Step[] {
  const steps: Step[] = []
  if (random.chance(0.3)) steps.push(...drawSubscriptions(random))
  if (random.chance(0.08)) steps.push({ kind: 'unsubscribe', queue: pick(random, TARGETS) })
  if (random.chance(swarm.resolve)) steps.push(drawResolve(random))
  for (let count = random.below(swarm.burst); count > 0; count--) {
    steps.push({ kind: 'publish', ...drawMessage(random, swarm) })
  }
  if (random.chance(swarm.numbered)) steps.push(...drawNumbered(random, swarm))
  if (random.chance(swarm.backups)) steps.push({ kind: 'backup' })
  if (random.chance(swarm.pulls)) {
    steps.push({ kind: 'pull', queue: pick(random, TARGETS), count: 1 + random.below(5) })
  }
  if (random.chance(swarm.purges)) steps.push({ kind: 'purge', queue: pick(random, TARGETS) })
  if (random.chance(swarm.puts)) steps.push(...drawPuts(random))
  if (random.chance(swarm.changes)) steps.push(drawChange(random))
  if (random.chance(swarm.batches)) steps.push(drawBatch(random, swarm))
  if (random.chance(swarm.halves)) steps.push(...drawHalf(random, swarm))
  return steps
}

function drawChange(random: SeededRandom): Step {
  const expiresMs = pick(random, [undefined, 40, 400])
  return { kind: 'change', ...(expiresMs !== undefined && { expiresMs }) }
}

function drawBatch(random: SeededRandom, swarm: Swarm): Step {
  const messages = Array.from({ length: random.below(4) }, () => drawMessage(random, swarm))
  const end = pick(random, ['commit', 'commit', 'commit', 'rollback', 'forget'] as const)
  return { kind: 'batch', messages, settles: random.below(4), end, holdMs: random.below(12) }
}

/** Batches of one publisher, some of them while one before is on its way to the disk. */
function drawNumbered(random: SeededRandom, swarm: Swarm): Step[] {
  if (random.chance(0.4)) return drawRouted(random, swarm)
  const { queues, bytes } = drawMessage(random, swarm)
  const steps: Step[] = []
  if (random.chance(swarm.faults.death / 4)) steps.push(drawDeath(random))
  for (let count = 1 + random.below(4); count > 0; count--) {
    const messages = Array.from({ length: 1 + random.below(8) }, () => {
      const key = random.chance(swarm.keyed) ? { key: `k${random.below(swarm.keys)}` } : {}
      return { bytes: random.below(1 + bytes), ...key }
    })
    steps.push({ kind: 'publishBatch', queues, messages })
    if (random.chance(0.8)) steps.push({ kind: 'pass', ms: random.below(16) / 16 })
  }
  return steps
}

function drawPuts(random: SeededRandom): Step[] {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const changes = Array.from({ length: 1 + random.below(4) }, () => {
      const key = random.below(5)
      const bytes = random.below(random.chance(0.2) ? 1_500 : 60)
      return random.chance(0.3) ? { key } : { key, bytes }
    })
    return { kind: 'put', changes }
  })
}

/** Batches whose messages go to queues of their own, some to none or to one that is not there. */
function drawRouted(random: SeededRandom, swarm: Swarm): Step[] {
  const steps: Step[] = []
  for (let count = 1 + random.below(4); count > 0; count--) {
    const messages = Array.from({ length: 1 + random.below(8) }, () => {
      const message = drawMessage(random, swarm)
      if (random.chance(0.1)) return { ...message, queues: [] }
      return random.chance(0.1) ? { ...message, queues: [...message.queues, 'nowhere'] } : message
    })
    steps.push({ kind: 'publishRouted', messages })
    if (random.chance(0.8)) steps.push({ kind: 'pass', ms: random.below(16) / 16 })
  }
  return steps
}

function drawHalf(random: SeededRandom, swarm: Swarm): Step[] {
  const steps: Step[] = []
  if (random.chance(0.3)) steps.push({ kind: 'producer', here: random.chance(0.7) })
  if (random.chance(0.06)) return drawSilence(random, () => drawMessage(random, swarm))
  const messages = Array.from({ length: 1 + random.below(2) }, () => drawMessage(random, swarm))
  const truth = random.chance(0.6) ? 'commit' : 'rollback'
  const check = {
    firstMs: random.below(40),
    everyMs: 5 + random.below(40),
    max: 1 + random.below(4),
  }
  const half = { kind: 'half', messages, truth, check } as const
  steps.push(random.chance(0.4) ? half : { ...half, wordMs: random.below(30) })
  return steps
}

function drawMessage(random: SeededRandom, swarm: Swarm): MessageStep {
  const queues = random.chance(swarm.fanOut)
    ? TARGETS.filter(() => random.chance(0.6))
    : [pick(random, swarm.queues)]
  if (queues.length === 0) queues.push('patient')
  const bytes = random.chance(swarm.large) ? random.below(2_000) : random.below(120)
  if (random.chance(0.3)) queues.reverse()
  const key = random.chance(swarm.keyed) ? { key: `k${random.below(swarm.keys)}` } : {}
  const delayMs = random.below(random.chance(0.2) ? 2_000 : 60)
  const delay = random.chance(swarm.delayed) ? { delayMs } : {}
  const expiresMs = random.chance(0.1) ? 0 : random.below(random.chance(0.3) ? 2_000 : 60)
  const expiry = random.chance(swarm.expiring) ? { expiresMs } : {}
  const priority = random.chance(swarm.urgent) ? { priority: random.below(6) } : {}
  return { queues, bytes, ...key, ...delay, ...expiry, ...priority }
}

function drawSubscriptions(random: SeededRandom): Step[] {
  return [...TARGETS, 'dead']
    .filter(() => random.chance(0.6))
    .map((queue) => ({ kind: 'subscribe', queue, credit: 1 + random.below(20) }))
}

function drawResolve(random: SeededRandom): Step {
  const action = random.chance(0.5) ? 'deliver' : 'remove'
  return { kind: 'resolve', queue: pick(random, TARGETS), pick: random.below(50), action }
}

function drawFaults(random: SeededRandom, { faults }: Swarm): Step[] {
  const steps: Step[] = []
  if (random.chance(faults.diskError)) {
    const call = pick(random, ['write', 'write', 'sync', 'open', 'rename', 'read'] as const)
    const code = call === 'write' && random.chance(0.3) ? 'ENOSPC' : 'EIO'
    steps.push({ kind: 'diskError', call, nth: 1 + random.below(30), code })
  }
  if (random.chance(faults.capacity)) {
    steps.push({ kind: 'capacity', spareBytes: random.below(24 * KiB) })
  }
  if (random.chance(faults.dropCache)) steps.push({ kind: 'dropCache' })
  if (random.chance(faults.jump)) steps.push(drawJump(random))
  return steps
}

function drawJump(random: SeededRandom): Step {
  const size = pick(random, [2, 30, 1_000, 3_600_000, 86_400_000])
  return { kind: 'jump', ms: random.below(2 * size) - size }
}

function drawDeath(random: SeededRandom): Step {
  return { kind: 'death', at: drawDeathAt(random), end: drawEnd(random, 0) }
}

function drawDeathAt(random: SeededRandom): DeathAt {
  const roll = random.next()
  if (roll < 0.3) return { deliveries: 1 + random.below(20) }
  // Between two steps of a change of files.
  if (roll < 0.6) {
    return { calls: 1 + random.below(6), of: pick(random, ['rename', 'syncDir', 'sync'] as const) }
  }
  if (roll < 0.75) return { calls: 1 + random.below(12), of: 'write' }
  return { calls: 1 + random.below(random.chance(0.5) ? 40 : 250) }
}

function drawEnd(random: SeededRandom, close: number): End {
  if (random.chance(close)) return { kind: 'close' }
  if (random.chance(0.4)) return { kind: 'kill' }
  return { kind: 'crash', keep: pick(random, ['some', 'some', 'none', 'all'] as const) }
}
