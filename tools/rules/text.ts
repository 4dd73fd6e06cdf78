import type { Problem, SourceFile } from '../source/file.ts'
import { isTestFile, problem } from '../source/file.ts'

const FILE_LINES_MAX = 400
const TEST_LINES_MAX = 500
const COLUMNS_MAX = 100

export function fileLength(file: SourceFile): Problem[] {
  const lines = file.text.replace(/\n$/, '').split('\n').length
  const most = isTestFile(file.path) ? TEST_LINES_MAX : FILE_LINES_MAX
  if (lines <= most) return []
  return [problem('file-length', file, 0, `file has ${lines} lines: at most ${most}`)]
}

/** A line with an address in it may be longer: it cannot be broken. */
export function lineWidth(file: SourceFile): Problem[] {
  return file.text.split('\n').flatMap((line, index) => {
    if ([...line].length <= COLUMNS_MAX || /https?:\/\//.test(line)) return []
    const text = `line has ${[...line].length} columns: at most ${COLUMNS_MAX}`
    return [{ rule: 'line-width', path: file.path, line: index + 1, text }]
  })
}

const LATER = new RegExp(`\\b(?:${'TO'}DO|${'FIX'}ME)\\b`, 'g')

export function noLater(file: SourceFile): Problem[] {
  return [...file.text.matchAll(LATER)].map((match) =>
    problem('later', file, match.index, `'${match[0]}': do it now, or open an issue`),
  )
}

/** A skipped test says why and can be forbidden; a focused one hides the others. */
export function noSkip(file: SourceFile): Problem[] {
  if (!isTestFile(file.path)) return []
  return [...file.code.matchAll(/\.(?:skip|only|todo)\(|\b(?:skip|only|todo):/g)].map((match) =>
    problem('skip', file, match.index, `'${match[0]}': use cannotRunHere() of tools/skip.ts`),
  )
}

export function noDefaultExport(file: SourceFile): Problem[] {
  const defaults = /(?<![.\w$])export\s+(?:default\b|\{[^}]*\bas\s+default\b)/g
  return [...file.code.matchAll(defaults)].map((match) =>
    problem('default-export', file, match.index, 'default export: export by name'),
  )
}
