import type { Problem, SourceFile } from '../source/file.ts'
import { lineAt, problem } from '../source/file.ts'

const FUNCTION_LINES_MAX = 60

/** Functions, methods and arrows longer than the limit. A `describe` only groups tests. */
export function functionLength(file: SourceFile): Problem[] {
  return functionsIn(file.code).flatMap(({ name, from, to }) => {
    const lines = lineAt(file.code, to) - lineAt(file.code, from) + 1
    if (lines <= FUNCTION_LINES_MAX) return []
    const text = `'${name}' has ${lines} lines: at most ${FUNCTION_LINES_MAX}`
    return [problem('function-length', file, from, text)]
  })
}

interface Span {
  readonly name: string
  readonly from: number
  readonly to: number
}

const NOT_FUNCTIONS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await', 'return'])

function functionsIn(code: string): Span[] {
  return [...named(code), ...arrows(code)]
}

/** `function name(…) {`, methods, accessors and constructors: a name, `(…)`, a type, then `{`. */
function named(code: string): Span[] {
  const spans: Span[] = []
  for (const match of code.matchAll(/([\w$]+|\])\s*(?:<[^()]*>)?\(/g)) {
    const name = match[1] ?? ''
    if (NOT_FUNCTIONS.has(name)) continue
    const close = closingOf(code, match.index + match[0].length - 1)
    const open = close < 0 ? -1 : bodyAfter(code, close + 1)
    if (open >= 0) spans.push({ name, from: match.index, to: closingOf(code, open) })
  }
  return spans
}

function arrows(code: string): Span[] {
  const spans: Span[] = []
  for (const match of code.matchAll(/=>\s*(?=[{(])/g)) {
    const line = code.slice(code.lastIndexOf('\n', match.index) + 1, match.index)
    if (/\b(?:describe|suite)(?:\.\w+)?\(/.test(line)) continue
    const name = /(?:const|let|readonly)?\s*([\w$]+)\s*[=:]/.exec(line)?.[1] ?? 'arrow function'
    const to = closingOf(code, match.index + match[0].length)
    spans.push({ name, from: match.index, to })
  }
  return spans
}

/** Index of the `{` of the body that starts here, a return type perhaps before it; -1: no body. */
function bodyAfter(code: string, from: number): number {
  let at = skipSpace(code, from)
  if (code[at] === '{') return at
  if (code[at] !== ':') return -1
  let operand = false
  for (at++; at < code.length; at++) {
    const char = code[at] ?? ''
    if (char === '{' && operand) return at
    if (/[{([<]/.test(char)) {
      at = char === '<' ? closingAngle(code, at) : closingOf(code, at)
      if (at < 0) return -1
      operand = true
    } else if (/[|&:>?]/.test(char) || (char === '=' && code[at + 1] === '>')) operand = false
    else if (/[;,=)}\]]/.test(char) || (char === '\n' && operand)) return -1
    else if (/[\w$'"`]/.test(char))
      operand = !/\b(?:is|keyof|typeof|extends)$/.test(code.slice(at - 8, at + 1))
  }
  return -1
}

function skipSpace(code: string, from: number): number {
  let at = from
  while (at < code.length && /\s/.test(code[at] ?? '')) at++
  return at
}

/** Index of the bracket that closes the one at `open`; -1 when nothing does. */
function closingOf(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    const char = code[at]
    if (char === '{' || char === '(' || char === '[') depth++
    if (char === '}' || char === ')' || char === ']') depth--
    if (depth === 0) return at
  }
  return -1
}

function closingAngle(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    if (code[at] === '<') depth++
    if (code[at] === '>' && code[at - 1] !== '=') depth--
    if (depth === 0) return at
    if (code[at] === ';') return -1
  }
  return -1
}
