import type { SourceFile } from './file.ts'
import { lineAt } from './file.ts'

/** One mention of another module. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** The names asked for, as the other module calls them; `*` = all of them. */
  readonly names: readonly string[]
  /** False where only the name of the file stands, to start or read it. */
  readonly linked: boolean
}

const FORMS: readonly RegExp[] = [
  /(?<![.\w$])(?:import|export)\b([\w$*{},\s]*?)\bfrom\s*(?=['"])/g,
  /(?<![.\w$])import\s*()(?=['"])/g,
  /(?<![.\w$])import\s*\(\s*()(?=['"])/g,
]

/** Every import, export-from and dynamic import of a file, types included, and files it names. */
export function importsOf(file: SourceFile): Import[] {
  const found = new Map<number, Import>()
  for (const match of FORMS.flatMap((form) => [...file.code.matchAll(form)])) {
    const quote = match.index + match[0].length
    const line = lineAt(file.text, match.index)
    const names = namesIn(match[1] ?? '')
    found.set(quote, { specifier: stringAt(file, quote), line, names, linked: true })
  }
  for (const { index } of file.code.matchAll(/(['"]) *\1/g)) {
    const path = stringAt(file, index)
    if (found.has(index) || !/^[\w.][\w./-]*\.[mc]?[jt]s$/.test(path)) continue
    const specifier = path.startsWith('.') ? path : `./${path}`
    found.set(index, { specifier, line: lineAt(file.text, index), names: ['*'], linked: false })
  }
  return [...found.entries()].sort(([a], [b]) => a - b).map(([, each]) => each)
}

function stringAt(file: SourceFile, quote: number): string {
  return file.text.slice(quote + 1, file.code.indexOf(file.code[quote] ?? '', quote + 1))
}

function namesIn(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause)
  if (!braces) return ['*']
  return (braces[1] ?? '')
    .split(',')
    .map((part) => part.trim().replace(/^type\s+/, ''))
    .map((part) => part.split(/\s+as\s+/)[0] ?? '')
    .filter((name) => name !== '')
}
