import { posix } from 'node:path'
import type { Import } from './imports.ts'
import { importsOf } from './imports.ts'
import type { Tree } from './tree.ts'

/** One file uses another of the tree. */
export interface Edge extends Import {
  readonly from: string
  /** Path in the tree; undefined when nothing is there. */
  readonly to: string | undefined
}

export interface Graph {
  /** Uses of files in the tree. */
  readonly edges: readonly Edge[]
  /** Uses of packages outside the tree, Node's own (`node:fs`) included. */
  readonly outside: readonly Edge[]
}

export function graphOf(tree: Tree): Graph {
  const entries = new Map(tree.packages.flatMap((each) => [...each.exports]))
  const names = new Set(tree.packages.map((each) => each.name))
  const edges: Edge[] = []
  const outside: Edge[] = []
  for (const file of tree.files.values()) {
    for (const each of importsOf(file)) {
      const from = file.path
      if (each.specifier.startsWith('.')) {
        const path = posix.join(posix.dirname(from), each.specifier)
        edges.push({ ...each, from, to: tree.files.has(path) ? path : undefined })
      } else if (names.has(packageName(each.specifier))) {
        edges.push({ ...each, from, to: entries.get(each.specifier) })
      } else {
        outside.push({ ...each, from, to: undefined })
      }
    }
  }
  return { edges, outside }
}

/** `@hufu/os/simulated` → `@hufu/os`; `pg/lib/x` → `pg`. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Import cycles: of each knot of files one way round, its first file repeated at the end. */
export function cyclesOf(graph: Graph): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to, linked } of graph.edges) {
    if (to === undefined || !linked) continue
    next.set(from, [...(next.get(from) ?? []), to])
  }
  const cycles: string[][] = []
  const done = new Set<string>()
  const visit = (path: string, trail: string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path])
    if (start >= 0 || done.has(path)) return
    for (const to of next.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of [...next.keys()].sort()) visit(path, [])
  return cycles
}
