import { HufuError } from '../../errors.ts'

/** Characters that the columns hold. */
export const CHARS = { name: 128, id: 255, fence: 700 } as const

/** Refuses what a column would cut where the server is not set to refuse it. */
export function demandLength(text: string | null, max: number, what: string): void {
  if (text === null || text.length <= max) return
  throw new HufuError('LIMIT', `${what}: a text has ${text.length} characters, limit ${max}`)
}
