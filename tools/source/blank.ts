/**
 * The code of a TypeScript file with the contents of comments, strings, templates and regular
 * expressions replaced by spaces. Length, line ends and quotes stay, so an index means the same
 * place in both; code inside `${ }` stays.
 */
export function blank(text: string): string {
  const out = text.split('')
  const openTemplates: number[] = []
  let depth = 0
  let at = 0
  while (at < text.length) {
    const char = text[at]
    const closesHole = char === '}' && openTemplates.at(-1) === depth
    if (char === '`' || closesHole) {
      if (closesHole) openTemplates.pop()
      const end = templateEnd(text, at + 1)
      wipe(out, at + 1, end)
      if (text[end] === '$') openTemplates.push(depth)
      at = text[end] === '$' ? end + 2 : end + 1
      continue
    }
    const literal = literalAt(text, at, out)
    if (literal) {
      wipe(out, literal.from, literal.to)
      at = literal.next
      continue
    }
    if (char === '{') depth++
    if (char === '}') depth--
    at++
  }
  return out.join('')
}

interface Literal {
  /** What to wipe: `from` up to, not including, `to`. */
  from: number
  to: number
  /** Where code goes on. */
  next: number
}

function literalAt(text: string, at: number, out: readonly string[]): Literal | undefined {
  const char = text[at]
  if (char === "'" || char === '"') {
    const end = closing(text, at + 1, char)
    return { from: at + 1, to: end, next: end + 1 }
  }
  if (char === '#' && at === 0 && text[1] === '!') return wholeOf(at, lineEnd(text, at))
  if (char !== '/') return undefined
  if (text[at + 1] === '/') return wholeOf(at, lineEnd(text, at))
  if (text[at + 1] === '*') {
    const end = text.indexOf('*/', at + 2)
    return wholeOf(at, end < 0 ? text.length : end + 2)
  }
  if (!startsRegex(out, at)) return undefined
  const end = regexEnd(text, at + 1)
  return { from: at + 1, to: end, next: end + 1 }
}

function wholeOf(from: number, to: number): Literal {
  return { from, to, next: to }
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function closing(text: string, from: number, quote: string): number {
  let at = from
  while (at < text.length && text[at] !== quote && text[at] !== '\n')
    at += text[at] === '\\' ? 2 : 1
  return at
}

/** Index of the closing backtick, or of the `$` of the next `${`. */
function templateEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '$' && text[at + 1] === '{') return at
    at += text[at] === '\\' ? 2 : 1
  }
  return at
}

function regexEnd(text: string, from: number): number {
  let at = from
  let inClass = false
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true
    if (text[at] === ']') inClass = false
    at += text[at] === '\\' ? 2 : 1
  }
  return at
}

const BEFORE_REGEX =
  /(?:^|[([{,;=:?!&|+\-*%^~<>]|\b(?:return|typeof|case|in|of|void|throw|else|do))$/

/** A `/` after a value divides; anywhere else it opens a regular expression. */
function startsRegex(out: readonly string[], at: number): boolean {
  let end = at
  while (end > 0 && /\s/.test(out[end - 1] ?? '')) end--
  return BEFORE_REGEX.test(out.slice(Math.max(0, end - 8), end).join(''))
}

function wipe(out: string[], from: number, to: number): void {
  for (let at = from; at < to && at < out.length; at++) if (out[at] !== '\n') out[at] = ' '
}
