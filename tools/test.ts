import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test [-- part-of-a-path…]`: runs the tests whose path contains one of the words, or all.
 * Exit code: the runner's; 2 when no file fits.
 */
const ROOT = join(import.meta.dirname, '..')
const PATTERNS = ['{packages,apps,examples,tools,chaos,bench}/**/*.{test,int}.ts']
/** No test may hang for ever. */
const TEST_TIMEOUT_MS = 300_000

const words = process.argv.slice(2).map((word) => word.replace(/^\.\//, ''))
const files = globSync(PATTERNS, { cwd: ROOT, exclude: ['**/node_modules', '**/dist'] })
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .sort()

if (files.length === 0) {
  console.error(`Cannot run tests: no test file has ${words.join(' or ')} in its path`)
  process.exit(2)
}

const flags = [
  '--test',
  '--test-reporter=spec',
  `--test-concurrency=${availableParallelism()}`,
  `--test-timeout=${TEST_TIMEOUT_MS}`,
  '--disable-warning=ExperimentalWarning',
]
const runner = spawn(process.execPath, [...flags, ...files], { cwd: ROOT, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal))
runner.on('close', (code) => {
  process.exitCode = code ?? 1
})
