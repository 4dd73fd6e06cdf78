import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publishedManifest, readManifest } from './manifest.ts'

/** Folders of the packages that are published; each may need only those before it. */
export const PUBLISHED = [
  ...(['packages/os', 'packages/wire', 'packages/broker'] as const),
  ...(['packages/hufu', 'apps/server'] as const),
] as const

/** Compiles the published packages; `distOf` says where each one's result goes. */
export async function buildPackages(root: string, distOf: (dir: string) => string): Promise<void> {
  const built: Record<string, string[]> = {}
  for (const dir of PUBLISHED) {
    const dist = distOf(dir)
    rmSync(dist, { recursive: true, force: true })
    mkdirSync(dist, { recursive: true })
    await compile(root, join(root, dir), dist, built)
    copyBesides(root, join(root, dir), dist)
    const manifest = publishedManifest(readManifest(join(root, dir)))
    writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    for (const [entry, { types }] of Object.entries(manifest.exports)) {
      if (!existsSync(join(dist, types))) {
        throw new Error(`Cannot build ${dir}: its export '${entry}' names a file that is not there`)
      }
      built[join(manifest.name, entry)] = [join(dist, types)]
    }
  }
}

/** Other packages are taken as built (`paths`): their source would be compiled into this one. */
async function compile(
  root: string,
  source: string,
  dist: string,
  paths: Readonly<Record<string, string[]>>,
): Promise<void> {
  const config = join(dist, 'tsconfig.json')
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    rootDir: source,
    outDir: dist,
    typeRoots: [join(root, 'node_modules/@types')],
    paths,
  }
  const tests = ['test', 'int', 'contract', 'fixture'].map(
    (kind) => `${source}/src/**/*.${kind}.ts`,
  )
  const include = [`${source}/src/**/*.ts`]
  const extended = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions,
    include,
    exclude: tests,
  }
  writeFileSync(config, JSON.stringify(extended))
  try {
    await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', config])
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }
    throw new Error(`Cannot build ${source}: ${stdout || String(error)}`, { cause: error })
  }
  rmSync(config)
}

function copyBesides(root: string, source: string, dist: string): void {
  cpSync(join(root, 'LICENSE'), join(dist, 'LICENSE'))
  const readme = [join(source, 'README.md'), join(root, 'README.md')].find((path) =>
    existsSync(path),
  )
  if (readme) cpSync(readme, join(dist, 'README.md'))
  const filter = (path: string) => !/\.ts$/.test(path)
  if (existsSync(join(source, 'bin'))) {
    cpSync(join(source, 'bin'), join(dist, 'bin'), { recursive: true, filter })
  }
}
