import type { Problem, SourceFile } from '../source/file.ts'
import { isTestFile, problem } from '../source/file.ts'
import type { Edge, Graph } from '../source/graph.ts'
import type { Tree } from '../source/tree.ts'

/** Files that nothing uses but perhaps their own test. */
export function deadFiles(tree: Tree, graph: Graph): Problem[] {
  const entries = entriesOf(tree)
  const used = new Set(graph.edges.filter((edge) => !ownTest(edge)).map((edge) => edge.to))
  return [...tree.files.values()]
    .filter(({ path }) => !entries.has(path) && !isRun(path) && !used.has(path))
    .map((file) => ({
      rule: 'dead-file',
      path: file.path,
      line: 0,
      text: 'nothing imports this file, and it is no entry of a package: remove it',
    }))
}

/** Exported names that no other file uses. What an entry file exports is for the world. */
export function deadExports(tree: Tree, graph: Graph): Problem[] {
  const entries = entriesOf(tree)
  const used = new Map<string, Set<string>>()
  for (const { to, names } of graph.edges) {
    if (to !== undefined) used.set(to, new Set([...(used.get(to) ?? []), ...names]))
  }
  return [...tree.files.values()].flatMap((file) => {
    const names = used.get(file.path) ?? new Set()
    if (entries.has(file.path) || isRun(file.path) || names.has('*')) return []
    return exportsOf(file)
      .filter(({ name, spoken }) => !names.has(name) && !spoken)
      .map(({ name, at }) => {
        return problem(
          'dead-export',
          file,
          at,
          `'${name}' is used in no other file: do not export it`,
        )
      })
  })
}

function entriesOf(tree: Tree): Set<string> {
  return new Set(tree.packages.flatMap((each) => [...each.exports.values(), ...each.started]))
}

/** Started by name: tests, their programs, and the examples. */
function isRun(path: string): boolean {
  return isTestFile(path) || path.startsWith('examples/')
}

/** `x.test.ts` uses `x.ts`: that alone does not keep `x.ts` alive. */
function ownTest({ from, to }: Edge): boolean {
  return isTestFile(from) && to !== undefined && from.startsWith(`${to.replace(/\.[jt]s$/, '')}.`)
}

interface Export {
  readonly name: string
  readonly at: number
  /** A type that an export of the same file mentions: who uses that one may want to name it. */
  readonly spoken: boolean
}

const KINDS = 'function\\*?|class|const|let|interface|type'
const DECLARATION = new RegExp(
  `(?<![.\\w$])export\\s+(?:declare\\s+|abstract\\s+|async\\s+)*(${KINDS})\\s+([\\w$]+)`,
  'g',
)

function exportsOf(file: SourceFile): Export[] {
  return [...file.code.matchAll(DECLARATION)].map((match) => {
    const [, kind = '', name = ''] = match
    const isType = kind === 'interface' || kind === 'type'
    const mentions = file.code.split(/[^\w$]+/).filter((word) => word === name).length
    return { name, at: match.index, spoken: isType && mentions > 1 }
  })
}
