import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { neededServices, startForRun } from './services/run-services.ts'
import { graphOf } from './source/graph.ts'
import { readTree } from './source/tree.ts'

/**
 * `npm test [-- part-of-a-path…]`: runs the tests whose path contains one of the words, or all,
 * with the servers they need (docs/testing.md).
 * Exit code: the runner's; 2 when no file fits.
 */
const ROOT = join(import.meta.dirname, '..')
const PATTERNS = ['{packages,apps,examples,tools,chaos,bench}/**/*.{test,int}.ts']
/** No test may hang for ever. */
const TEST_TIMEOUT_MS = 300_000
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

const words = process.argv.slice(2).map((word) => word.replace(/^\.\//, ''))
const files = globSync(PATTERNS, { cwd: ROOT, exclude: ['**/node_modules', '**/dist'] })
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .sort()

if (files.length === 0) {
  console.error(`Cannot run tests: no test file has ${words.join(' or ')} in its path`)
  process.exit(2)
}

/** Set while the tests run: a signal is then theirs. What is started ends with this process. */
let interrupt: ((signal: NodeJS.Signals) => void) | undefined
for (const [signal, exitCode] of Object.entries(SIGNALS)) {
  process.on(signal, () =>
    interrupt ? interrupt(signal as NodeJS.Signals) : process.exit(exitCode),
  )
}

const tree = readTree(ROOT)
const services = await startForRun(neededServices(tree, graphOf(tree), files))
for (const { name, version, pid } of services.started) {
  console.error(`Started ${name} ${version}, process ${pid}`)
}
try {
  process.exitCode = await runTests(services.env)
} finally {
  await services.stop()
}

function runTests(env: Readonly<Record<string, string>>): Promise<number> {
  const flags = [
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${availableParallelism()}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    '--disable-warning=ExperimentalWarning',
  ]
  const options = { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } } as const
  const runner = spawn(process.execPath, [...flags, ...files], options)
  interrupt = (signal) => runner.kill(signal)
  return new Promise((resolve) => {
    runner.on('close', (code) => {
      interrupt = undefined
      resolve(code ?? 1)
    })
  })
}
