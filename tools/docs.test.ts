import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const root = new URL('..', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** Codes of the table in an `errors.ts`. */
function codesIn(path: string): string[] {
  return [...read(path).matchAll(/^ {2}([A-Z_]+): '/gm)].map((match) => match[1]!)
}

/** Codes in the table under a heading of docs/errors.md. */
function documented(heading: string): string[] {
  const section = read('docs/errors.md')
    .split(/^## /m)
    .find((part) => part.startsWith(heading))
  return [...(section ?? '').matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1]!)
}

test('docs/errors.md lists every code of the broker, and no other', () => {
  const codes = codesIn('packages/broker/src/errors.ts')
  assert.ok(codes.length > 5)
  assert.deepEqual(documented('Of the broker').sort(), codes.sort())
})

test('docs/errors.md lists every code of the library, and no other', () => {
  const codes = codesIn('packages/hufu/src/errors.ts')
  assert.ok(codes.length > 5)
  assert.deepEqual(documented('Of the library').sort(), codes.sort())
})

test('a code block in the docs is the example file that it names', () => {
  for (const path of ['README.md', 'ARCHITECTURE.md', 'docs/guarantees.md']) {
    for (const [, file, code] of read(path).matchAll(
      /<!-- example: (\S+) -->\n```ts\n([\s\S]*?)```/g,
    )) {
      assert.equal(code, read(file!), `${path} shows another text than ${file}`)
    }
  }
})

for (const path of ['packages/os/README.md', 'packages/broker/README.md']) {
  test(`the code in ${path} runs`, async () => {
    const cwd = await mkdtemp(join(root.pathname, 'node_modules/.readme-'))
    try {
      for (const [, code] of read(path).matchAll(/```ts\n([\s\S]*?)```/g)) {
        const args = ['--input-type=module-typescript', '-e', code!]
        await promisify(execFile)(process.execPath, args, { cwd, timeout: 20_000 })
      }
    } finally {
      await rm(cwd, { recursive: true })
    }
  })
}

test('every test path that docs/guarantees.md names is there and holds tests', () => {
  const named = new Set(
    [...read('docs/guarantees.md').matchAll(/`((?:broker|hufu|os|apps)\/[\w/-]+)`/g)].map(
      (m) => m[1]!,
    ),
  )
  assert.ok(named.size > 5)
  for (const name of named) {
    const dir = name.startsWith('apps/') ? name : `packages/${name}`
    const tests = globSync(`${dir}/**/*.{test,int}.ts`, { cwd: root })
    assert.ok(tests.length > 0, `docs/guarantees.md names ${name}, where no test is`)
  }
})
