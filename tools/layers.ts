import type { Problem } from './source/file.ts'
import { isTestFile } from './source/file.ts'
import type { Edge, Graph } from './source/graph.ts'
import { cyclesOf, packageName } from './source/graph.ts'
import type { Tree } from './source/tree.ts'
import { packageOf } from './source/tree.ts'

/** A part of the code that stands on one row. */
interface Part {
  readonly name: string
  /** Folders (`…/`), files, or the files directly in a folder (`…/*`). The longest match wins. */
  readonly at: readonly string[]
  /** Where given: the only parts above that it may import. */
  readonly sees?: readonly string[]
  /** Where given: the only parts below that may import it. */
  readonly seenBy?: readonly string[]
}

const BROKER = 'packages/broker/src'
const HUFU = 'packages/hufu/src'
const GROUND = ['os', 'library ground', 'ports']

/**
 * The layers, lowest first. A file may import its own part and the parts of the rows listed before
 * its own; parts of one row never import each other.
 */
const LAYERS: readonly (readonly Part[])[] = [
  [
    { name: 'os ports', at: ['packages/os/src/*'] },
    {
      name: 'wire',
      at: ['packages/wire/src/'],
      seenBy: ['amqp door', 'transports/amqp', 'sim', 'server', 'demo'],
    },
  ],
  [
    { name: 'os on Node', at: ['packages/os/src/node/'] },
    { name: 'os simulated', at: ['packages/os/src/simulated/'] },
  ],
  [{ name: 'os', at: ['packages/os/src/index.ts'] }],

  [{ name: 'broker ground', at: ['errors', 'limits', 'options', 'api'].map(inBroker) }],
  [{ name: 'log', at: [`${BROKER}/log/`] }],
  [
    { name: 'queue', at: [`${BROKER}/queue/`] },
    { name: 'schedule', at: [`${BROKER}/schedule/`] },
  ],
  [
    { name: 'routing', at: [`${BROKER}/routing/`] },
    { name: 'auth', at: [`${BROKER}/auth/`] },
  ],
  [{ name: 'prepared', at: [`${BROKER}/prepared/`] }],
  [{ name: 'engine', at: [`${BROKER}/engine/`] }],
  [
    { name: 'amqp door', at: [`${BROKER}/doors/amqp/`] },
    { name: 'rocketmq door', at: [`${BROKER}/doors/rocketmq/`] },
  ],
  [
    {
      name: 'broker',
      at: [`${BROKER}/index.ts`],
      seenBy: ['transports/embedded', 'sim', 'server', 'demo', 'examples'],
    },
    {
      name: 'broker, amqp',
      at: [`${BROKER}/doors/amqp/index.ts`],
      seenBy: ['sim', 'server', 'demo', 'examples'],
    },
  ],

  [
    {
      name: 'library ground',
      at: [
        ...['errors', 'limits', 'transaction', 'duration', 'schema', 'outcome'],
        ...['json', 'backoff', 'batcher', 'waker'],
      ].map(inHufu),
    },
  ],
  [{ name: 'ports', at: [`${HUFU}/ports/`] }],
  [{ name: 'service', at: [`${HUFU}/service/`] }],
  [{ name: 'kinds', at: [`${HUFU}/kinds/`] }],
  [{ name: 'participants', at: [`${HUFU}/participants/`], sees: GROUND }],
  [{ name: 'outbox', at: [`${HUFU}/outbox/`] }],
  [{ name: 'inbox', at: [`${HUFU}/inbox/`] }],
  [{ name: 'receipts', at: [`${HUFU}/receipts/`] }],
  [
    { name: 'coordinator', at: [`${HUFU}/coordinator/`] },
    { name: 'parked', at: [`${HUFU}/parked/`] },
    { name: 'isolation', at: [`${HUFU}/isolation/`] },
    { name: 'notification', at: [`${HUFU}/notification/`] },
  ],
  [
    ...['sqlite', 'postgres', 'mysql'].map((name) => adapter('stores', name, GROUND)),
    adapter('transports', 'embedded', [...GROUND, 'broker']),
    adapter('transports', 'amqp', [...GROUND, 'wire']),
    adapter('transports', 'rocketmq', GROUND),
    { name: 'http', at: [`${HUFU}/http/`], sees: GROUND },
    { name: 'adapters', at: [`${HUFU}/adapters/`], sees: GROUND },
    { name: 'testing', at: [`${HUFU}/testing/`], sees: GROUND },
  ],
  [{ name: 'library', at: [`${HUFU}/*`] }],
  [{ name: 'hufu', at: [`${HUFU}/index.ts`] }],
  [{ name: 'sim', at: ['packages/sim/src/'] }],

  [
    { name: 'server', at: ['apps/server/src/', 'apps/server/bin/'] },
    { name: 'demo', at: ['apps/demo/src/', 'bench/src/', 'chaos/src/', 'interop/src/'] },
  ],
  [{ name: 'examples', at: ['examples/'] }],
]

function inBroker(name: string): string {
  return `${BROKER}/${name}.ts`
}

function inHufu(name: string): string {
  return `${HUFU}/${name}.ts`
}

function adapter(kind: string, name: string, sees: readonly string[]): Part {
  return { name: `${kind}/${name}`, at: [`${HUFU}/${kind}/${name}/`], sees }
}

/** Chaos, bench and interop start the real servers that tests use. */
const MAY_USE_TOOLS = ['tools/', 'chaos/', 'bench/', 'interop/']

/** Words that the neutral core may not contain, however they are written. */
const FORBIDDEN = /exchange|vhost|consumer[\s_-]?group|topic/gi
const NEUTRAL = [`${BROKER}/log/`, `${BROKER}/queue/`]

/** Layers, cycles, forbidden words, and imports that lead nowhere or past a package's door. */
export function checkLayers(tree: Tree, graph: Graph): Problem[] {
  const linked = graph.edges.filter((edge) => edge.linked)
  return [
    ...[...tree.files.keys()].flatMap((path) => unnamed(path)),
    ...linked.flatMap((edge) => checkEdge(tree, edge)),
    ...graph.outside.flatMap((edge) => undeclared(tree, edge)),
    ...cyclesOf(graph).map(cycleProblem),
    ...[...tree.files.values()].flatMap(({ path, text }) => forbiddenWords(path, text)),
  ]
}

interface Place {
  readonly row: number
  readonly part: Part
}

/** Row and part of a file; undefined where no layer names it. */
function placeOf(path: string): Place | undefined {
  let best: Place | undefined
  let longest = 0
  for (const [row, parts] of LAYERS.entries()) {
    for (const part of parts) {
      const length = Math.max(...part.at.map((at) => matchLength(at, path)))
      if (length > longest) [best, longest] = [{ row, part }, length]
    }
  }
  return best
}

function matchLength(at: string, path: string): number {
  if (at === path) return at.length + 1
  const folder = at.replace(/\*$/, '')
  if (!folder.endsWith('/') || !path.startsWith(folder)) return 0
  return at.endsWith('*') && path.slice(folder.length).includes('/') ? 0 : folder.length
}

function unnamed(path: string): Problem[] {
  if (path.startsWith('tools/') || isTestFile(path) || placeOf(path)) return []
  return [{ rule: 'layer', path, line: 0, text: 'no layer of tools/layers.ts names this file' }]
}

function checkEdge(tree: Tree, edge: Edge): Problem[] {
  const { from, to, line, specifier } = edge
  const say = (text: string): Problem[] => [{ rule: 'layer', path: from, line, text }]
  if (to === undefined) {
    return specifier.endsWith('.json') ? [] : say(`imports '${specifier}': there is no such file`)
  }
  if (to.startsWith('tools/')) {
    const ok = isTestFile(from) || MAY_USE_TOOLS.some((folder) => from.startsWith(folder))
    return ok ? [] : say(`imports ${to}: tools are for tests, chaos, bench and interop only`)
  }
  const home = packageOf(tree, from)
  const other = packageOf(tree, to)
  if (home && other && home !== other) {
    if (specifier.startsWith('.')) return say(`imports ${to} by path: import '${other.name}'`)
    if (!home.dependencies.has(other.name)) {
      return say(`imports '${other.name}': ${home.dir}/package.json does not list it`)
    }
  }
  if (isTestFile(from)) return []
  if (isTestFile(to)) return say(`imports ${to}: that is for tests only`)
  const why = whyNot(placeOf(from), placeOf(to))
  return why === undefined ? [] : say(`imports ${to}: ${why}`)
}

function whyNot(from: Place | undefined, to: Place | undefined): string | undefined {
  if (!from || !to || from.part === to.part) return undefined
  const [mine, other] = [from.part, to.part]
  if (to.row === from.row) return `'${mine.name}' and '${other.name}' may not import each other`
  if (to.row > from.row) return `'${other.name}' is a higher layer than '${mine.name}'`
  if (mine.sees && !mine.sees.includes(other.name)) {
    return `'${mine.name}' may import only ${mine.sees.map((name) => `'${name}'`).join(', ')}`
  }
  if (other.seenBy && !other.seenBy.includes(mine.name)) {
    return `'${other.name}' is only for ${other.seenBy.map((name) => `'${name}'`).join(', ')}`
  }
  return undefined
}

function undeclared(tree: Tree, edge: Edge): Problem[] {
  const { from: path, line, specifier, linked } = edge
  if (!linked || specifier.startsWith('node:')) return []
  const name = packageName(specifier)
  const home = packageOf(tree, path)
  const root = tree.packages.find((each) => each.dir === '')
  if (home?.dependencies.has(name) || (isTestFile(path) && root?.dependencies.has(name))) return []
  const manifest = home?.dir ? `${home.dir}/package.json` : 'package.json'
  return [{ rule: 'layer', path, line, text: `imports '${name}': ${manifest} does not list it` }]
}

function cycleProblem(cycle: string[]): Problem {
  return { rule: 'cycle', path: cycle[0] ?? '', line: 0, text: cycle.join(' → ') }
}

function forbiddenWords(path: string, text: string): Problem[] {
  if (!NEUTRAL.some((folder) => path.startsWith(folder))) return []
  return text.split('\n').flatMap((line, index) =>
    [...line.matchAll(FORBIDDEN)].map(([word]) => ({
      rule: 'word',
      path,
      line: index + 1,
      text: `'${word}' may not be in the neutral core: it belongs to a door`,
    })),
  )
}
