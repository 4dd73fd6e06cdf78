import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { SourceFile } from './file.ts'
import { sourceFile } from './file.ts'

/** A workspace package. */
export interface Package {
  readonly name: string
  /** Folder from the root, with `/`; empty for the root itself. */
  readonly dir: string
  /** What importers may name (`@hufu/os/simulated`) → the file behind it. */
  readonly exports: ReadonlyMap<string, string>
  /** Files started by a `bin` or an npm script. */
  readonly started: readonly string[]
  /** Names of all packages it declares, of whatever kind. */
  readonly dependencies: ReadonlySet<string>
}

/** The whole repository, as the rules see it. */
export interface Tree {
  readonly root: string
  readonly files: ReadonlyMap<string, SourceFile>
  readonly packages: readonly Package[]
  /** Every folder below the top ones. */
  readonly folders: readonly string[]
}

const TOP_FOLDERS = ['packages', 'apps', 'examples', 'tools', 'interop', 'bench', 'chaos']
const SKIPPED = new Set(['node_modules', 'dist'])

export function readTree(root: string): Tree {
  const files = new Map<string, SourceFile>()
  const folders: string[] = []
  const packages = [readPackage(root, '')].filter((each) => each !== undefined)
  const visit = (dir: string) => {
    folders.push(dir)
    const entries = readdirSync(join(root, dir), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = posix.join(dir, entry.name)
      if (entry.isDirectory() && !SKIPPED.has(entry.name) && !entry.name.startsWith('.'))
        visit(path)
      if (entry.name === 'package.json') packages.push(readPackage(root, dir) as Package)
      if (!entry.isFile() || !/\.[mc]?[jt]s$/.test(entry.name)) continue
      files.set(path, sourceFile(path, readFileSync(join(root, path), 'utf8')))
    }
  }
  for (const dir of TOP_FOLDERS) if (existsSync(join(root, dir))) visit(dir)
  return { root, files, packages, folders }
}

/** The package that a file belongs to: the one with the deepest folder around it. */
export function packageOf(tree: Tree, path: string): Package | undefined {
  const around = tree.packages.filter((each) => each.dir === '' || path.startsWith(`${each.dir}/`))
  return around.sort((a, b) => b.dir.length - a.dir.length)[0]
}

interface Manifest {
  name?: string
  exports?: Record<string, string>
  bin?: Record<string, string>
  scripts?: Record<string, string>
  [dependencyKind: string]: unknown
}

function readPackage(root: string, dir: string): Package | undefined {
  const path = join(root, dir, 'package.json')
  if (!existsSync(path)) return undefined
  const manifest: Manifest = JSON.parse(readFileSync(path, 'utf8'))
  const name = manifest.name ?? ''
  const exports = Object.entries(manifest.exports ?? {}).map(
    ([key, file]) => [posix.join(name, key), posix.join(dir, file)] as const,
  )
  const scripts = Object.values(manifest.scripts ?? {}).flatMap(
    (script) => script.match(/[\w./-]+\.[mc]?[jt]s\b/g) ?? [],
  )
  const started = [...Object.values(manifest.bin ?? {}), ...scripts]
  return {
    name,
    dir,
    exports: new Map(exports),
    started: started.map((file) => posix.join(dir, file)),
    dependencies: new Set(
      ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap(
        (kind) => Object.keys((manifest[kind] as object | undefined) ?? {}),
      ),
    ),
  }
}
