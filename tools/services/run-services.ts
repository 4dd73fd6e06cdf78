import type { Graph } from '../source/graph.ts'
import type { Tree } from '../source/tree.ts'
import type { Running, ServiceName } from './service.ts'
import { missingVariable, SERVICE_NAMES, ServiceMissing, urlVariable } from './service.ts'
import { startService } from './start.ts'

const FOR_TEST = 'tools/services/for-test.ts'

/**
 * The shared servers that these test files use, themselves or through files they import: where
 * `shared` of for-test.ts is imported, and the name of the server stands in quotes. One that is
 * not found so is started by the test itself.
 */
export function neededServices(tree: Tree, graph: Graph, tests: readonly string[]): ServiceName[] {
  const asking = graph.edges.filter(({ to, names }) => to === FOR_TEST && names.includes('shared'))
  const askers = new Set(asking.map(({ from }) => from))
  const text = [...reachable(graph, tests)]
    .filter((path) => askers.has(path))
    .map((path) => tree.files.get(path)?.text ?? '')
    .join('\n')
  return SERVICE_NAMES.filter((name) => new RegExp(`(['"\`])${name}\\1`).test(text))
}

function reachable(graph: Graph, from: readonly string[]): Set<string> {
  const next = Map.groupBy(graph.edges, (edge) => edge.from)
  const found = new Set(from)
  for (const path of found) {
    for (const { to } of next.get(path) ?? []) if (to !== undefined) found.add(to)
  }
  return found
}

/** The servers of one run of the tests. */
export interface RunServices {
  /** Tells the tests where they are, or why one is missing. */
  readonly env: Readonly<Record<string, string>>
  readonly started: readonly Running[]
  stop(): Promise<void>
}

/** Starts them side by side; leaves out those whose address the user gives. */
export async function startForRun(names: readonly ServiceName[]): Promise<RunServices> {
  const env: Record<string, string> = {}
  const started: Running[] = []
  const wanted = names.filter((name) => !process.env[urlVariable(name)])
  const results = await Promise.allSettled(
    wanted.map(async (name) => {
      try {
        const service = await startService(name)
        started.push(service)
        env[urlVariable(name)] = service.url
      } catch (error) {
        if (!(error instanceof ServiceMissing)) throw error
        env[missingVariable(name)] = error.message
      }
    }),
  )
  const stop = async () => {
    await Promise.all(started.map((service) => service.stop()))
  }
  for (const result of results) {
    if (result.status === 'fulfilled') continue
    await stop()
    throw result.reason
  }
  return { env, started, stop }
}
