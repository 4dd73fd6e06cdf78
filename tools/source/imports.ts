import type { SourceFile } from './file.ts'
import { lineAt } from './file.ts'

/** One mention of another module. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** The names asked for, as the other module calls them; `*` = all of them. */
  readonly names: readonly string[]
  /** False for `new URL('./x.ts', import.meta.url)`: the file is used, but not linked. */
  readonly linked: boolean
}

const FORMS: readonly { pattern: RegExp; linked: boolean }[] = [
  { pattern: /(?<![.\w$])(?:import|export)\b([\w$*{},\s]*?)\bfrom\s*(?=['"])/g, linked: true },
  { pattern: /(?<![.\w$])import\s*()(?=['"])/g, linked: true },
  { pattern: /(?<![.\w$])import\s*\(\s*()(?=['"])/g, linked: true },
  { pattern: /(?<![.\w$])(?:new URL|import\.meta\.resolve)\s*\(\s*()(?=['"])/g, linked: false },
]

/** Every import, export-from, dynamic import and file reference of a file, types included. */
export function importsOf(file: SourceFile): Import[] {
  const found = new Map<number, Import>()
  for (const { pattern, linked } of FORMS) {
    for (const match of file.code.matchAll(pattern)) {
      const quote = match.index + match[0].length
      const end = file.code.indexOf(file.code[quote] ?? '', quote + 1)
      const specifier = file.text.slice(quote + 1, end)
      const line = lineAt(file.text, match.index)
      found.set(quote, { specifier, line, names: namesIn(match[1] ?? ''), linked })
    }
  }
  return [...found.entries()].sort(([a], [b]) => a - b).map(([, each]) => each)
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
