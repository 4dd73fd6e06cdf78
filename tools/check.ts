import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkLayers } from './layers.ts'
import type { Problem } from './source/file.ts'
import { graphOf } from './source/graph.ts'
import { readTree } from './source/tree.ts'
import { checkTidy } from './tidy.ts'

/** `npm run check`: types, lint and format, layers, tidiness; one report, exit 1 if one fails. */
const ROOT = join(import.meta.dirname, '..')

interface Result {
  readonly name: string
  readonly ok: boolean
  readonly output: string
}

const running = [
  program('types', 'tsc', ['--pretty', 'false']),
  program('lint', 'biome', ['check', '--colors=off', '.']),
]
const tree = readTree(ROOT)
const graph = graphOf(tree)
const allowed: string[] = JSON.parse(readFileSync(join(ROOT, 'tools/tidy-allow.json'), 'utf8'))
const results = [
  ...(await Promise.all(running)),
  report('layers', checkLayers(tree, graph)),
  report('tidy', checkTidy(tree, graph, allowed)),
]

for (const { ok, output } of results) if (!ok) console.log(`${output.trimEnd()}\n`)
for (const { name, ok } of results) console.log(`${ok ? '✔' : '✖'} ${name}`)
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1

function program(name: string, command: string, args: string[]): Promise<Result> {
  const path = join(ROOT, 'node_modules/.bin', command)
  return new Promise((resolve) => {
    execFile(path, args, { cwd: ROOT, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ name, ok: error === null, output: error ? stdout + stderr || error.message : '' })
    })
  })
}

function report(name: string, problems: readonly Problem[]): Result {
  const lines = problems.map(({ rule, path, line, text }) => {
    return `${path}${line > 0 ? `:${line}` : ''} ${text} (${rule})`
  })
  return { name, ok: problems.length === 0, output: lines.join('\n') }
}
