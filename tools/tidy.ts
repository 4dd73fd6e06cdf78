import { banned } from './rules/banned.ts'
import { deadExports, deadFiles } from './rules/dead.ts'
import { functionLength } from './rules/functions.ts'
import { names } from './rules/names.ts'
import { fileLength, lineWidth, noDefaultExport, noLater, noSkip } from './rules/text.ts'
import type { Problem, SourceFile } from './source/file.ts'
import type { Graph } from './source/graph.ts'
import type { Tree } from './source/tree.ts'

const FILE_RULES: readonly ((file: SourceFile) => Problem[])[] = [
  fileLength,
  functionLength,
  lineWidth,
  noLater,
  noSkip,
  noDefaultExport,
  banned,
]

const TREE_RULES: readonly ((tree: Tree, graph: Graph) => Problem[])[] = [
  names,
  deadFiles,
  deadExports,
]

/**
 * All tidiness rules. `allowed` holds what is forgiven for now, each entry `rule path`; the list
 * may only shrink: an entry that forgives nothing any more is a problem itself.
 */
export function checkTidy(tree: Tree, graph: Graph, allowed: readonly string[] = []): Problem[] {
  const found = [
    ...[...tree.files.values()].flatMap((file) => FILE_RULES.flatMap((rule) => rule(file))),
    ...TREE_RULES.flatMap((rule) => rule(tree, graph)),
  ]
  const key = ({ rule, path }: Problem) => `${rule} ${path}`
  const broken = new Set(found.map(key))
  const stale = allowed.filter((entry) => !broken.has(entry))
  return [
    ...found.filter((each) => !allowed.includes(key(each))),
    ...stale.map((entry) => ({
      rule: 'allow-list',
      path: 'tools/tidy-allow.json',
      line: 0,
      text: `'${entry}' forgives nothing any more: remove it`,
    })),
  ]
}
