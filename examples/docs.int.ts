import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Without the spaces around it: a piece may stand further left than in its file. */
function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim())
}

/** A line `// …` stands for any lines left out, so a block is several pieces, in their order. */
function missingPiece(block: string, source: string): string | undefined {
  let rest = linesOf(source).join('\n')
  for (const piece of linesOf(block.trim()).join('\n').split('\n// …\n')) {
    const at = rest.indexOf(piece)
    if (at < 0) return piece
    rest = rest.slice(at + piece.length)
  }
  return undefined
}

function blocksOf(page: string): string[][] {
  return [...page.matchAll(/<!-- from: (\S+) -->\n```ts\n([\s\S]*?)```/g)]
}

for (const path of ['README.md', 'docs/transactions.md']) {
  test(`a code block of ${path} stands in the example that it names`, () => {
    const blocks = blocksOf(read(path))
    assert.ok(blocks.length > 0)
    for (const [, file, block] of blocks) {
      assert.equal(missingPiece(block!, read(file!)), undefined, `not in ${file}`)
    }
  })
}

test('every code block of docs/transactions.md names an example', () => {
  const page = read('docs/transactions.md')
  assert.equal(blocksOf(page).length, [...page.matchAll(/^```/gm)].length / 2)
})

test('every test that docs/guarantees.md quotes is in the place that it names', () => {
  const cells = /`((?:hufu|sim|chaos)\/[\w./-]+)`: ((?:"[^"]+"(?:, )?)+)/g
  const quoted = [...read('docs/guarantees.md').matchAll(cells)]
  assert.ok(quoted.length > 5)
  for (const [, place, names] of quoted) {
    const source = testsIn(place!.startsWith('chaos/') ? place! : `packages/${place}`)
    for (const [, name] of names!.matchAll(/"([^"]+)"/g)) {
      assert.ok(source.includes(name!), `docs/guarantees.md: no test "${name}" in ${place}`)
    }
  }
})

function testsIn(place: string): string {
  const pattern = place.endsWith('.ts') ? place : `${place}/**/*{.test,.int,-contract}.ts`
  return globSync(pattern, { cwd: root }).map(read).join('\n')
}
