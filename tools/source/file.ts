import { blank } from './blank.ts'

/** A source file of the tree. */
export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
  /** `text` with comments, strings and regular expressions blanked; same length. */
  readonly code: string
}

/** What a rule found; `line` counts from 1, and 0 means the whole file. */
export interface Problem {
  readonly rule: string
  readonly path: string
  readonly line: number
  readonly text: string
}

export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, code: blank(text) }
}

/** Line number, from 1, of an index into the text. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}

/**
 * Tests, and what exists only for tests: `x.test.ts`, `x.int.ts` (needs a real process or server),
 * `x.contract.ts` (a suite run against several implementations), `x.fixture.ts` (a program or data
 * that tests start or share).
 */
export function isTestFile(path: string): boolean {
  return /\.(test|int|contract|fixture)\.[mc]?[jt]s$/.test(path)
}

export function problem(rule: string, file: SourceFile, index: number, text: string): Problem {
  return { rule, path: file.path, line: lineAt(file.text, index), text }
}
