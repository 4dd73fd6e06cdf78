import { AuthError } from './errors.ts'
import type { Fits, Node } from './pattern-tree.ts'
import { anyCase, atEnd, atStart, atWordEdge, classNamed, dot } from './pattern-tree.ts'

/** One repetition of more than this is refused. */
const TIMES_MAX = 1_000
const DEPTH_MAX = 50

const CONTROL: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' }

/** Reads a pattern once, from left to right. */
export class PatternParser {
  readonly #pattern: string
  #at = 0
  #depth = 0
  #anyCase = false

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  /** @throws AuthError `argument` */
  parse(): Node {
    if (this.#take('(?i)')) this.#anyCase = true
    const node = this.#options()
    if (this.#at < this.#pattern.length) throw this.#wrong("')' closes nothing")
    return node
  }

  #options(): Node {
    if (++this.#depth > DEPTH_MAX) throw this.#wrong(`groups are more than ${DEPTH_MAX} deep`)
    const options = [this.#sequence()]
    while (this.#take('|')) options.push(this.#sequence())
    this.#depth--
    return options.length === 1 ? options[0]! : { kind: 'any', options }
  }

  #sequence(): Node {
    const parts: Node[] = []
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern[this.#at]!)) {
      parts.push(this.#repeated(this.#atom()))
    }
    return parts.length === 1 ? parts[0]! : { kind: 'all', parts }
  }

  #repeated(part: Node): Node {
    const times = this.#times()
    if (times === undefined) return part
    if (this.#take('+')) throw this.#wrong('possessive repetition is not supported')
    this.#take('?')
    if (this.#times() !== undefined) throw this.#wrong('a repetition repeats nothing')
    return { kind: 'times', part, ...times }
  }

  #times(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY }
    if (this.#take('?')) return { min: 0, max: 1 }
    const [all, low, comma, high] = this.#match(/\{(\d+)(,?)(\d*)\}/y) ?? []
    if (all === undefined) return undefined
    const min = Number(low)
    const open = comma === '' ? min : Number.POSITIVE_INFINITY
    const max = high === '' || high === undefined ? open : Number(high)
    if (min > TIMES_MAX || (max > TIMES_MAX && max !== Number.POSITIVE_INFINITY) || max < min) {
      throw this.#wrong(`${all} is no repetition of up to ${TIMES_MAX}`)
    }
    return { min, max }
  }

  #atom(): Node {
    if (this.#take('.')) return dot
    if (this.#take('^')) return atStart
    if (this.#take('$')) return atEnd
    if (this.#take('(')) return this.#group()
    if (this.#take('[')) return this.#one(this.#class())
    if (this.#take('\\')) return this.#escape()
    if ('*+?'.includes(this.#pattern[this.#at]!)) throw this.#wrong('a repetition repeats nothing')
    return this.#literal(this.#pattern[this.#at++]!)
  }

  #group(): Node {
    let ahead: boolean | undefined
    if (this.#take('?=')) ahead = true
    else if (this.#take('?!')) ahead = false
    else if (this.#match(/\?:|\?P?<[A-Za-z_]\w*>/y) === undefined && this.#take('?')) {
      throw this.#wrong('this kind of group is not supported')
    }
    const part = this.#options()
    if (!this.#take(')')) throw this.#wrong("a '(' is not closed")
    return ahead === undefined ? part : { kind: 'ahead', part, not: !ahead }
  }

  #escape(): Node {
    if (this.#take('b')) return atWordEdge(true)
    if (this.#take('B')) return atWordEdge(false)
    if (this.#take('A')) return atStart
    if (this.#take('z') || this.#take('Z')) return atEnd
    const named = classNamed(this.#pattern[this.#at] ?? '')
    if (named === undefined) return this.#literal(this.#escaped())
    this.#at++
    return { kind: 'one', fits: named }
  }

  /** The character that an escape stands for. */
  #escaped(): string {
    const hex = this.#match(/x([\dA-Fa-f]{2})/y)?.[1]
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    const char = this.#pattern[this.#at]
    if (char === undefined) throw this.#wrong("'\\' at the end")
    const control = CONTROL[char]
    if (control === undefined && /\w/.test(char)) throw this.#wrong(`'\\${char}' is not supported`)
    this.#at++
    return control ?? char
  }

  #class(): Fits {
    const not = this.#take('^')
    const members: Fits[] = []
    for (let first = true; first || !this.#take(']'); first = false) {
      if (this.#at >= this.#pattern.length) throw this.#wrong("a '[' is not closed")
      members.push(this.#member())
    }
    return (code) => members.some((fits) => fits(code)) !== not
  }

  #member(): Fits {
    const low = this.#memberStart()
    if (typeof low !== 'string') return low
    const from = low.charCodeAt(0)
    if (this.#match(/-(?!\]|$)/y) === undefined) return (code) => code === from
    const high = this.#memberStart()
    if (typeof high !== 'string') throw this.#wrong('a range ends in a class')
    const to = high.charCodeAt(0)
    if (to < from) throw this.#wrong(`the range ${low}-${high} is out of order`)
    return (code) => code >= from && code <= to
  }

  #memberStart(): string | Fits {
    if (this.#match(/\[:/y)) throw this.#wrong("'[:' is not supported")
    if (!this.#take('\\')) return this.#pattern[this.#at++]!
    const named = classNamed(this.#pattern[this.#at] ?? '')
    if (named === undefined) return this.#take('b') ? '\b' : this.#escaped()
    this.#at++
    return named
  }

  #literal(char: string): Node {
    const code = char.charCodeAt(0)
    return this.#one((each) => each === code)
  }

  #one(fits: Fits): Node {
    return { kind: 'one', fits: this.#anyCase ? anyCase(fits) : fits }
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#pattern) ?? undefined
    if (found !== undefined) this.#at += found[0].length
    return found
  }

  #wrong(why: string): AuthError {
    const text = `Reading the pattern '${this.#pattern}': ${why} (at ${this.#at})`
    return new AuthError('argument', text)
  }
}
