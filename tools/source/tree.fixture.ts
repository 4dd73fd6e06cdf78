import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Problem } from './file.ts'
import type { Graph } from './graph.ts'
import { graphOf } from './graph.ts'
import type { Tree } from './tree.ts'
import { readTree } from './tree.ts'

/** Reads a small repository made of these files. */
export function smallTree(files: Readonly<Record<string, string>>): [tree: Tree, graph: Graph] {
  const root = mkdtempSync(join(tmpdir(), 'hufu-tools-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    const tree = readTree(root)
    return [tree, graphOf(tree)]
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** A package.json. */
export function manifest(
  name: string,
  entry: string,
  dependencies: readonly string[] = [],
): string {
  const listed = Object.fromEntries(dependencies.map((each) => [each, '0.1.0']))
  return JSON.stringify({ name, exports: { '.': entry }, dependencies: listed })
}

/** Problems as `path:line text`. */
export function lines(problems: readonly Problem[]): string[] {
  return problems.map(({ path, line, text }) => `${path}${line > 0 ? `:${line}` : ''} ${text}`)
}
