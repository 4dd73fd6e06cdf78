import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildPackages, PUBLISHED } from './publish/build-package.ts'

/**
 * `npm run build [-- --out DIR]`: compiles every package that is published into its `dist/`, or
 * into folders of DIR. What is in such a folder is what `npm publish` takes.
 */
const ROOT = join(import.meta.dirname, '..')
const { out } = parseArgs({ options: { out: { type: 'string' } } }).values

await buildPackages(ROOT, (dir) => {
  return out === undefined ? join(ROOT, dir, 'dist') : join(resolve(out), dir)
})
console.log(`✔ built ${PUBLISHED.join(', ')}`)
