import { number } from './progress-line.ts'

/** Listed one by one; the others are counted. */
const LISTED = 20

/** A title with lines below, or nothing when there is nothing to list. */
export function listed(title: string, count: number, lines: readonly string[]): string[] {
  if (count === 0) return []
  const shown = lines.slice(0, LISTED)
  const rest = count - shown.length
  const more = rest > 0 ? [`  … and ${number(rest)} more`] : []
  return ['', `${title}:`, ...shown.map((line) => `  ${line}`), ...more]
}
