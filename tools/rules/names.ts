import type { Problem } from '../source/file.ts'
import type { Tree } from '../source/tree.ts'

/** Names that say nothing about what is inside. */
const EMPTY_NAMES = /^(?:utils?|helpers?|misc|common)$/

export function names(tree: Tree): Problem[] {
  const doors = new Set(tree.packages.flatMap((each) => [...each.exports.values()]))
  const folders = tree.folders.flatMap((path) => {
    const name = path.split('/').at(-1) ?? ''
    if (name === 'test' || name === 'tests') {
      return [said(path, `folder '${name}': put each test beside its source`)]
    }
    return EMPTY_NAMES.test(name) ? [said(path, `folder '${name}': name what is in it`)] : []
  })
  const files = [...tree.files.keys()].flatMap((path) => {
    const name = (path.split('/').at(-1) ?? '').split('.')[0] ?? ''
    if (EMPTY_NAMES.test(name)) return [said(path, `file '${name}': name what is in it`)]
    if (name !== 'index' || doors.has(path)) return []
    return [said(path, 'index file that no package exports: import the files themselves')]
  })
  return [...folders, ...files]
}

function said(path: string, text: string): Problem {
  return { rule: 'name', path, line: 0, text }
}
