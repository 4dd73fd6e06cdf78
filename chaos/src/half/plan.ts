import { SeededRandom } from '@hufu/os/simulated'

/**
 * What becomes of a message: `silentCommit` and `silentNothing` never get their second word, the
 * one with a committed local transaction, the other with none.
 */
export type Kind = 'commit' | 'rollback' | 'silentCommit' | 'silentNothing'

/** Where a process ends itself, when it is told to. */
const POINTS = [
  'half stored',
  'in the local transaction',
  'local transaction committed',
  'second word stored',
  'asked',
  'delivered',
  'in the effect',
] as const

export type Point = (typeof POINTS)[number]

/** How one life of the process ends. */
export interface Death {
  /** Messages up to this number, exclusive, are begun in this life. */
  readonly upTo: number
  /** At the n-th passage of the point; undefined: from outside. */
  readonly at: { readonly point: Point; readonly passage: number } | undefined
  /** From outside so long after it was ready, or when the point does not come, ms. */
  readonly delayMs: number
  /** Not even that: so long after it was started, ms. */
  readonly early: boolean
}

/** Of ten messages so many commit, so many roll back, the others are silent. */
const TENTHS = { commit: 5, rollback: 3 }

/** What each message does, in mixed order: exactly 50 % commit, 30 % rollback, 20 % silent. */
export function kindsOf(seed: number, messages: number): Kind[] {
  const random = new SeededRandom(seed).fork('kinds')
  const rollbacks = Math.floor((messages * TENTHS.rollback) / 10)
  const silent = Math.floor((messages * (10 - TENTHS.commit - TENTHS.rollback)) / 10)
  const kinds = Array.from({ length: messages }, (_, index): Kind => {
    if (index < rollbacks) return 'rollback'
    if (index >= rollbacks + silent) return 'commit'
    return index % 2 === 0 ? 'silentCommit' : 'silentNothing'
  })
  for (let last = kinds.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const kind = kinds[last]!
    kinds[last] = kinds[other]!
    kinds[other] = kind
  }
  return kinds
}

const POINT_CHANCE = 0.6
const PASSAGE_MAX = 5
const WORK_MS_MAX = 250
const POINT_MS = 1_000
const EARLY_CHANCE = 0.1
const EARLY_MS_MAX = 600

/** One death for each kill, the messages shared out among the lives. */
export function deathsOf(seed: number, messages: number, kills: number): Death[] {
  const random = new SeededRandom(seed).fork('deaths')
  const first = random.below(POINTS.length)
  let turn = 0
  return Array.from({ length: kills }, (_, life): Death => {
    const upTo = Math.ceil((messages * (life + 1)) / (kills + 1))
    const early = life > 0 && random.chance(EARLY_CHANCE)
    if (early) return { upTo, at: undefined, delayMs: random.below(EARLY_MS_MAX), early }
    const passage = 1 + random.below(PASSAGE_MAX)
    const delayMs = random.below(WORK_MS_MAX)
    if (!random.chance(POINT_CHANCE)) return { upTo, at: undefined, delayMs, early }
    const point = POINTS[(first + turn++) % POINTS.length]!
    return { upTo, at: { point, passage }, delayMs: POINT_MS, early }
  })
}
