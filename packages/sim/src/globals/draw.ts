import { SeededRandom } from '@hufu/os/simulated'
import { pick } from '../plan/pick.ts'
import {
  BANKS,
  DEFINITIONS,
  type DefinitionName,
  type GlobalPlan,
  type GlobalSetting,
  type GlobalStep,
  type Verb,
} from './step.ts'

const BRANCHES: Readonly<Record<DefinitionName, readonly string[]>> = {
  transfer: ['note', 'out', 'in', 'mail'],
  trip: ['quote', 'one', 'other', 'pool'],
  swap: ['out', 'in'],
  pay: ['in', 'mail'],
}

type Begin = Extract<GlobalStep, { kind: 'begin' }>

/** Chances of one world; each seed draws its own subset of what may happen. */
interface Swarm {
  readonly definitions: readonly DefinitionName[]
  readonly burst: number
  readonly passMs: number
  readonly fails: number
  readonly holds: number
  readonly repeats: number
  readonly verbs: number
  readonly verbKinds: readonly Verb[]
  readonly death: number
  readonly kill: number
  readonly stop: number
  readonly pause: number
  readonly outage: number
  readonly jump: number
}

/** All that a seed does, drawn before anything happens: what is cut out shifts nothing else. */
export function drawGlobalPlan(seed: number): GlobalPlan {
  const random = new SeededRandom(seed).fork('globals')
  const setting = drawSetting(random)
  const swarm = drawSwarm(random)
  const begun: Begin[] = []
  const steps: GlobalStep[] = []
  for (let rounds = 2 + random.below(6); rounds > 0; rounds--) {
    for (let count = random.below(swarm.burst) + 1; count > 0; count--) {
      steps.push(drawBegin(random, swarm, setting, begun))
    }
    steps.push(...drawTrouble(random, swarm, setting, begun))
    steps.push({ kind: 'pass', ms: 1 + random.below(swarm.passMs) })
  }
  return { seed, setting, steps: steps.map((step, number) => ({ number, step })) }
}

function drawSetting(random: SeededRandom): GlobalSetting {
  const some = (chance: number, most: number) => (random.chance(chance) ? random.next() * most : 0)
  return {
    hosts: 1 + random.below(3),
    leaseMs: 1_000 + random.below(1_500),
    pollMs: 100 + random.below(400),
    timeoutMs: 30 + random.below(300),
    retryMax: random.chance(0.3) ? 1_000 : 1 + random.below(5),
    insistMax: random.chance(0.5) ? 1_000 : 1 + random.below(5),
    deadlineMs: random.chance(0.5) ? 50 + random.below(1_500) : 0,
    undoAfterMs: random.chance(0.2) ? random.below(random.chance(0.35) ? 90_000 : 300) : 0,
    checkMs: 20 + random.below(400),
    checkMax: 1 + random.below(4),
    lost: some(0.5, 0.3),
    slow: some(0.6, 0.4),
    slowMs: random.chance(0.3) ? 8_000 : 10 + random.below(500),
    twice: some(0.4, 0.3),
    late: some(0.5, 0.5),
    refused: some(0.6, 0.4),
    thrown: some(0.5, 0.4),
    later: some(0.4, 0.3),
    storeFails: some(0.4, 0.1),
    storeLost: some(0.4, 0.1),
    storeSlow: some(0.5, 0.3),
    storeEarly: some(0.4, 0.1),
  }
}

function drawSwarm(random: SeededRandom): Swarm {
  const some = (chance: number, most: number) => (random.chance(chance) ? random.next() * most : 0)
  const definitions = DEFINITIONS.filter(() => random.chance(0.6))
  const kinds: Verb[] = ['retry', 'stop', 'commit', 'rollback', 'skip']
  return {
    definitions: definitions.length > 0 ? definitions : DEFINITIONS,
    burst: 1 + random.below(5),
    passMs: random.chance(0.3) ? 3_000 : 20 + random.below(400),
    fails: some(0.5, 0.4),
    holds: some(0.5, 0.6),
    repeats: some(0.5, 0.3),
    verbs: some(0.5, 1),
    verbKinds: random.chance(0.2) ? ['retry'] : kinds.filter(() => random.chance(0.6)),
    death: some(0.6, 0.9),
    kill: some(0.4, 0.4),
    stop: some(0.3, 0.3),
    pause: some(0.5, 0.5),
    outage: some(0.3, 0.3),
    jump: some(0.2, 0.3),
  }
}

function drawBegin(
  random: SeededRandom,
  swarm: Swarm,
  { hosts, checkMs }: GlobalSetting,
  begun: Begin[],
): Begin {
  const host = random.below(hosts)
  const way = pick(random, ['begin', 'begin', 'run', 'start'] as const)
  const held = random.chance(swarm.holds)
  const holdMs = held ? random.below(random.chance(0.4) ? checkMs * 3 : 60) : 0
  const rest = { host, way, holdMs, fails: random.chance(swarm.fails) }
  const known = begun[random.below(begun.length)]
  if (known !== undefined && random.chance(swarm.repeats)) return { ...known, ...rest }
  const input = { from: random.below(3), to: random.below(3), cents: 1 + random.below(60) * 10 }
  const definition = pick(random, swarm.definitions)
  const step: Begin = { kind: 'begin', id: `t${begun.length}`, definition, input, ...rest }
  begun.push(step)
  return step
}

function drawTrouble(
  random: SeededRandom,
  swarm: Swarm,
  setting: GlobalSetting,
  begun: readonly Begin[],
): GlobalStep[] {
  const steps: GlobalStep[] = []
  const host = () => random.below(setting.hosts)
  const downMs = () => random.below(random.chance(0.5) ? 200 : 6_000)
  if (random.chance(swarm.death)) {
    const at = pick(random, ['store', 'store', 'call'] as const)
    const when = pick(random, ['before', 'after'] as const)
    const nth = 1 + random.below(at === 'store' ? 60 : 12)
    steps.push({ kind: 'death', host: host(), at, nth, when, downMs: downMs() })
  }
  if (random.chance(swarm.pause)) {
    const ms = random.below(random.chance(0.6) ? 3 * setting.leaseMs : 15_000)
    steps.push({ kind: 'pause', host: host(), ms })
  }
  if (random.chance(swarm.kill)) steps.push({ kind: 'kill', host: host(), downMs: downMs() })
  if (random.chance(swarm.stop)) {
    steps.push({ kind: 'stop', host: host(), drainMs: random.below(60), downMs: downMs() })
  }
  if (random.chance(swarm.outage)) {
    const ms = random.below(random.chance(0.5) ? 500 : 40_000)
    steps.push({ kind: 'outage', bank: pick(random, BANKS), ms })
  }
  if (random.chance(swarm.jump)) {
    const ms = random.chance(0.5) ? random.below(600_000) : -random.below(4_000)
    steps.push({ kind: 'jump', ms })
  }
  if (swarm.verbKinds.length > 0 && random.chance(swarm.verbs)) {
    for (let count = 1 + random.below(4); count > 0; count--) {
      steps.push(drawVerb(random, swarm, host(), begun))
    }
  }
  return steps
}

function drawVerb(
  random: SeededRandom,
  { verbKinds }: Swarm,
  host: number,
  begun: readonly Begin[],
): GlobalStep {
  const { id, definition } = random.chance(0.5) ? begun.at(-1)! : pick(random, begun)
  const branch = pick(random, BRANCHES[definition])
  return { kind: 'verb', host, id, verb: pick(random, verbKinds), branch }
}
