import type { ExpectedDifference } from '../expected-differences.ts'
import type { Transcript } from './program.ts'

/** A line that only one of the two has, or that they have differently. */
export interface Difference {
  /** From 1. */
  readonly line: number
  readonly hufu: string
  readonly rabbitmq: string
}

const NOTHING = '(nothing)'

/** The last line of a program that came to its end. */
const DONE = '["done",null]'

/** The lines in which two transcripts differ; also where both say that the program failed. */
export function differences(hufu: Transcript, rabbitmq: Transcript): Difference[] {
  const most = Math.max(hufu.lines.length, rabbitmq.lines.length)
  const ended = hufu.lines.at(-1) === DONE
  return Array.from({ length: most }, (_, line) => ({
    line: line + 1,
    hufu: hufu.lines[line] ?? NOTHING,
    rabbitmq: rabbitmq.lines[line] ?? NOTHING,
  })).filter((each) => each.hufu !== each.rabbitmq || (!ended && each.line === most))
}

/** The entry of the table that this difference is, if it is one. */
export function expectedAs(
  table: readonly ExpectedDifference[],
  program: string,
  { hufu, rabbitmq }: Difference,
): ExpectedDifference | undefined {
  return table.find((each) => {
    const named = each.program === program || program.endsWith(`/${each.program}`)
    return named && hufu.includes(each.hufu) && rabbitmq.includes(each.rabbitmq)
  })
}
