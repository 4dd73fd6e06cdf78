import { AuthError } from './errors.ts'
import { PatternParser } from './pattern-parse.ts'
import type { Fits, Node } from './pattern-tree.ts'

const STEPS_MAX = 20_000
/** A condition ahead is tried at every place of the text, so it costs the more. */
const STEPS_AHEAD_MAX = 500

type Condition =
  | { readonly op: 'at'; readonly holds: (text: string, at: number) => boolean }
  | { readonly op: 'ahead'; readonly steps: readonly Step[]; readonly not: boolean }

type Way = { readonly op: 'split'; to: number } | { readonly op: 'jump'; to: number }

/** `split` goes on with the next step and with another one. */
type Step = { readonly op: 'one'; readonly fits: Fits } | Condition | Way | { readonly op: 'match' }

/**
 * A test whether a regular expression is found in a text. As the patterns of RabbitMQ it is not
 * anchored. It takes time in proportion to the length of pattern and text, whatever the pattern:
 * all ways are followed at once, and none again. Hence no back-references and no looking behind;
 * the rest of what permissions and policies use is there.
 * @throws AuthError `argument` for a pattern that is wrong, too long or not supported
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  if (/^\^?\.\*\$?$/.test(pattern)) return () => true
  const steps = stepsOf(new PatternParser(pattern).parse())
  const ahead = steps.reduce((sum, step) => sum + (step.op === 'ahead' ? step.steps.length : 0), 0)
  if (steps.length > STEPS_MAX || ahead > STEPS_AHEAD_MAX) {
    const start = pattern.slice(0, 100)
    throw new AuthError('argument', `Reading the pattern '${start}…': it is too long`)
  }
  return (text) => new Run(text).finds(steps, 0, false)
}

function stepsOf(node: Node): Step[] {
  const steps: Step[] = []
  write(node, steps)
  steps.push({ op: 'match' })
  return steps
}

/** What is too long is cut: it is refused afterwards. */
function write(node: Node, steps: Step[]): void {
  if (steps.length > STEPS_MAX) return
  switch (node.kind) {
    case 'one':
      steps.push({ op: 'one', fits: node.fits })
      break
    case 'at':
      steps.push({ op: 'at', holds: node.holds })
      break
    case 'ahead':
      steps.push({ op: 'ahead', steps: stepsOf(node.part), not: node.not })
      break
    case 'all':
      for (const part of node.parts) write(part, steps)
      break
    case 'any':
      writeOptions(node.options, steps)
      break
    case 'times':
      writeTimes(node.part, node.min, node.max, steps)
  }
}

function writeOptions(options: readonly Node[], steps: Step[]): void {
  const ends: Way[] = []
  for (const [index, option] of options.entries()) {
    if (index === options.length - 1) {
      write(option, steps)
      break
    }
    const other = pushed(steps, 'split')
    write(option, steps)
    ends.push(pushed(steps, 'jump'))
    other.to = steps.length
  }
  for (const end of ends) end.to = steps.length
}

function writeTimes(part: Node, min: number, max: number, steps: Step[]): void {
  for (let i = 0; i < min; i++) write(part, steps)
  if (max === Number.POSITIVE_INFINITY) {
    const start = steps.length
    const end = pushed(steps, 'split')
    write(part, steps)
    pushed(steps, 'jump').to = start
    end.to = steps.length
    return
  }
  const ends: Way[] = []
  for (let i = min; i < max; i++) {
    ends.push(pushed(steps, 'split'))
    write(part, steps)
  }
  for (const end of ends) end.to = steps.length
}

function pushed(steps: Step[], op: 'split' | 'jump'): Way {
  const step: Way = { op, to: 0 }
  steps.push(step)
  return step
}

/** One text under test. */
class Run {
  readonly #text: string
  /** What is known of a condition ahead, for each place of the text. */
  readonly #ahead = new Map<Condition, (boolean | undefined)[]>()

  constructor(text: string) {
    this.#text = text
  }

  /** `anchored`: only from this very place, else from any later one too. */
  finds(steps: readonly Step[], from: number, anchored: boolean): boolean {
    const seen = new Uint32Array(steps.length)
    let here: number[] = []
    for (let at = from; ; at++) {
      if (!anchored || at === from) here.push(0)
      const next: number[] = []
      if (this.#follow(steps, at, here, next, seen, at - from + 1)) return true
      if (at === this.#text.length || (anchored && next.length === 0)) return false
      here = next
    }
  }

  /** Takes all ways from `here`; those that eat the character at this place are `next`. */
  #follow(
    steps: readonly Step[],
    at: number,
    here: number[],
    next: number[],
    seen: Uint32Array,
    mark: number,
  ): boolean {
    for (let index = here.pop(); index !== undefined; index = here.pop()) {
      if (seen[index] === mark) continue
      seen[index] = mark
      const step = steps[index]!
      if (step.op === 'match') return true
      if (step.op === 'jump') here.push(step.to)
      else if (step.op === 'split') here.push(step.to, index + 1)
      else if (step.op === 'one') {
        if (at < this.#text.length && step.fits(this.#text.charCodeAt(at))) next.push(index + 1)
      } else if (this.#holds(step, at)) here.push(index + 1)
    }
    return false
  }

  #holds(step: Condition, at: number): boolean {
    if (step.op === 'at') return step.holds(this.#text, at)
    const known = this.#ahead.get(step) ?? []
    if (known.length === 0) this.#ahead.set(step, known)
    known[at] ??= this.finds(step.steps, at, true)
    return known[at] !== step.not
  }
}
