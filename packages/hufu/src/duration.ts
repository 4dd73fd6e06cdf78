import { HufuError } from './errors.ts'

/** Whole milliseconds, or a number with a unit: `'200ms'`, `'5s'`, `'10m'`, `'1h'`, `'2d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** So many per second or minute: `'200/s'`, `'60/m'`. */
export type Rate = `${number}/${'s' | 'm'}`

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration; `ARGUMENT` when it is none, or negative. */
export function durationMs(value: Duration, what: string): number {
  const ms = typeof value === 'number' ? value : parseDuration(value)
  if (Number.isFinite(ms) && ms >= 0) return Math.round(ms)
  throw new HufuError('ARGUMENT', `Reading ${what}: ${String(value)} is no duration`)
}

function parseDuration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value)
  return match ? Number(match[1]) * UNIT_MS[match[2]!]! : Number.NaN
}

/** Events per second of a rate; `ARGUMENT` when it is none or not above 0. */
export function ratePerSecond(value: Rate, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\/(s|m)$/.exec(value)
  const rate = match ? Number(match[1]) / (match[2] === 's' ? 1 : 60) : 0
  if (rate > 0 && Number.isFinite(rate)) return rate
  throw new HufuError('ARGUMENT', `Reading ${what}: ${String(value)} is no rate such as '200/s'`)
}
