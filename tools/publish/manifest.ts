import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the tools read of a package.json; other fields pass through. */
interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** Where a published entry is found. */
interface Entry {
  readonly types: string
  readonly default: string
}

export function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
}

/**
 * The package.json of the compiled package: its exports name `.js` and `.d.ts` files, and it says
 * which Node it needs. In the repository that stands nowhere, since `npm ci` brings its own.
 */
export function publishedManifest(manifest: Manifest) {
  const exports: Record<string, Entry> = {}
  for (const [key, path] of Object.entries(manifest.exports ?? {})) {
    const stem = path.replace(/\.ts$/, '')
    exports[key] = { types: `${stem}.d.ts`, default: `${stem}.js` }
  }
  return { ...manifest, engines: { node: '>=24' }, exports }
}
