import { execFileSync } from 'node:child_process'
import { existsSync, globSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { servicesHome } from './home.ts'
import type { Kind, Program } from './kind.ts'
import { ServiceMissing } from './service.ts'
import { unpack } from './unpack.ts'

/** Finds the server: in PATH, else where systems install it, else unpacked into `.services/`. */
export async function programOf(kind: Kind): Promise<Program> {
  const installed = inPath(kind.executable) ?? below('/', kind)
  if (installed) return { path: realpathSync(installed), root: '/', env: {} }
  const root = await unpack(kind.package, servicesHome())
  const path = below(root, kind)
  if (path) return { path, root, env: { LD_LIBRARY_PATH: librariesOf(root) } }
  throw new ServiceMissing(`Cannot use ${kind.name}: package ${kind.package} has no such program`)
}

function inPath(executable: string | undefined): string | undefined {
  if (executable === undefined) return undefined
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, executable)).find(existsSync)
}

function below(root: string, { patterns }: Kind): string | undefined {
  const found = patterns.map((pattern) => globSync(join(root, pattern)).sort(byNumbers).at(-1))
  return found.find((path) => path !== undefined)
}

/** `…/9/…` before `…/15/…`. */
function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** What the program says of itself. */
export function printedVersion({ path, env }: Program): string {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const
  return /\d+\.\d+(\.\d+)?/.exec(execFileSync(path, ['--version'], options))?.[0] ?? 'unknown'
}

function librariesOf(root: string): string {
  return globSync('{usr/,}lib/*-linux-*', { cwd: root })
    .map((folder) => join(root, folder))
    .join(delimiter)
}
