import { registerHooks } from 'node:module'
import { BUGS } from './bugs.ts'

/** The environment variable that names the bug to plant. */
export const PLANTED_VARIABLE = 'HUFU_PLANTED'

/**
 * Rewrites one source file as it is loaded, in this process only: the code itself has no switch in
 * it. Call it before that file is imported.
 */
export function plant(name: string): void {
  const bug = BUGS.find((each) => each.name === name)
  if (bug === undefined) throw new RangeError(`Cannot plant ${name}: there is no such bug`)
  let planted = false
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.endsWith(`/packages/${bug.file}`)) return loaded
      const source = String(loaded.source)
      if (source.split(bug.find).length !== 2) {
        throw new RangeError(`Cannot plant ${name}: its place is not once in ${bug.file}`)
      }
      planted = true
      return { ...loaded, source: source.replace(bug.find, () => bug.replace) }
    },
  })
  process.on('exit', () => {
    if (!planted) process.stderr.write(`Cannot plant ${name}: ${bug.file} was never loaded\n`)
  })
}
