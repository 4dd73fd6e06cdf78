import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines, manifest, smallTree } from './source/tree.fixture.ts'
import { checkTidy } from './tidy.ts'

const SRC = 'packages/os/src'
const INDEX = `${SRC}/index.ts`
const PACKAGE = { 'packages/os/package.json': manifest('@hufu/os', './src/index.ts') }

function check(files: Record<string, string>, allowed: string[] = []): string[] {
  return lines(checkTidy(...smallTree({ ...PACKAGE, ...files }), allowed))
}

/** A file of the library, alive and so subject to no rule about dead files. */
function library(text: string): string[] {
  const files = {
    'packages/hufu/package.json': manifest('hufu', './src/index.ts'),
    'packages/hufu/src/index.ts': text,
  }
  return lines(checkTidy(...smallTree(files)))
}

test('a clean tree passes', () => {
  const found = check({
    [INDEX]: `export { a } from './a.ts'\n`,
    [`${SRC}/a.ts`]: 'export function a(): number {\n  return 1\n}\n',
    [`${SRC}/a.test.ts`]: `import { a } from './a.ts'\na()\n`,
  })
  assert.deepEqual(found, [])
})

test('a file has at most 400 lines, a test file 500', () => {
  const found = check({
    [INDEX]: 'a()\n'.repeat(401),
    [`${SRC}/a.test.ts`]: 'a()\n'.repeat(500),
    [`${SRC}/b.test.ts`]: 'a()\n'.repeat(501),
  })
  assert.deepEqual(found, [
    `${SRC}/b.test.ts:1 file has 501 lines: at most 500`,
    `${INDEX}:1 file has 401 lines: at most 400`,
  ])
})

test('a line has at most 100 columns, unless it holds an address', () => {
  const found = check({
    [INDEX]: `// ${'é'.repeat(97)}\n// ${'é'.repeat(98)}\n// https://${'x'.repeat(98)}\n`,
  })
  assert.deepEqual(found, [`${INDEX}:2 line has 101 columns: at most 100`])
})

const BODY = 'a()\n'.repeat(59)

test('a function has at most 60 lines', () => {
  const heads = {
    f: 'export async function f(a: number, b = g({ c: 1 })): Promise<{ d: 1 } | undefined> {',
    m: 'export class C {\nprivate m<T extends object>(a: T): asserts a is T {',
    n: 'export const o = {\nn(a) {',
    ']': 'export class C {\n*[Symbol.iterator](): Iterator<number> {',
    p: 'export const p = async (a: () => void) => {',
    r: "export function r(a: 'x{'): { s: () => void } {",
  }
  for (const [name, head] of Object.entries(heads)) {
    const line = head.split('\n').length
    assert.deepEqual(check({ [INDEX]: `${head}\n${BODY}}\n` }), [
      `${INDEX}:${line} '${name}' has 61 lines: at most 60`,
    ])
    assert.deepEqual(check({ [INDEX]: `${head}\n${BODY.slice(4)}}\n` }), [])
  }
})

test('calls, conditions, loops, classes and describe are no functions', () => {
  for (const head of [
    'if (a(b)) {',
    'for (const a of b(c)) {',
    'class A {',
    'const a = b(c) ? d(e) : {',
    'interface A {',
    "describe('a', () => {",
  ]) {
    assert.deepEqual(check({ [`${SRC}/a.test.ts`]: `${head}\n${BODY}}\n` }), [])
  }
})

test('what is to be done later is done now or is an issue', () => {
  const [todo, fixme] = ['TO' + 'DO', 'FIX' + 'ME']
  assert.deepEqual(check({ [INDEX]: `// ${todo}: x\n// ${fixme}\n// ${todo}S\n` }), [
    `${INDEX}:1 '${todo}': do it now, or open an issue`,
    `${INDEX}:2 '${fixme}': do it now, or open an issue`,
  ])
})

test('tests are skipped only with a reason that can be forbidden', () => {
  const text = `t.skip('x')\ntest.only('x')\ntest('x', { skip: true }, f)\n`
  assert.deepEqual(check({ [`${SRC}/a.test.ts`]: text, [INDEX]: 'list.skip(1)' }), [
    `${SRC}/a.test.ts:1 '.skip(': use cannotRunHere() of tools/skip.ts`,
    `${SRC}/a.test.ts:2 '.only(': use cannotRunHere() of tools/skip.ts`,
    `${SRC}/a.test.ts:3 'skip:': use cannotRunHere() of tools/skip.ts`,
  ])
})

test('nothing is exported as default', () => {
  const text = `export default 1\nlet a = 'export default'\nexport { a as default }\n`
  assert.deepEqual(check({ [INDEX]: text }), [
    `${INDEX}:1 default export: export by name`,
    `${INDEX}:3 default export: export by name`,
  ])
})

test('time, timers and randomness come from the os ports', () => {
  const instead: Record<string, string> = {
    'Date.now': 'os.clock.now()',
    'new Date()': 'os.clock.now()',
    'performance.': 'os.clock.mono()',
    'process.hrtime': 'os.clock.mono()',
    setTimeout: 'os.clock.timer()',
    setInterval: 'os.clock.timer()',
    'AbortSignal.timeout': 'os.clock.timer()',
    setImmediate: 'os.clock.turn()',
    'Math.random': 'os.random.next()',
    randomUUID: 'os.random.id()',
    randomBytes: 'os.random.id()',
  }
  for (const [call, port] of Object.entries(instead)) {
    const text = `f(${call})\n// ${call}\n'${call}'\n`
    const message = `packages/hufu/src/index.ts:1 '${call}': use ${port}`
    assert.deepEqual(library(text), [message])
    assert.deepEqual(check({ [INDEX]: text }), [], 'the os package may')
    assert.deepEqual(check({ 'packages/hufu/src/a.test.ts': text }), [], 'tests may')
  }
})

test('a date made of a given time and a method of another object are fine', () => {
  assert.deepEqual(library('new Date(ms)\nclock.setTimeout()\nmy.performance.x\n'), [])
})

test('disk, network and databases come from ports', () => {
  const modules = ['node:fs/promises', 'node:net', 'node:sqlite', 'node:timers']
  const text = modules.map((name) => `import '${name}'`).join('\n')
  assert.deepEqual(library(text), [
    `packages/hufu/src/index.ts:1 import of 'node:fs/promises': use os.disk`,
    `packages/hufu/src/index.ts:2 import of 'node:net': use a port of os`,
    `packages/hufu/src/index.ts:3 import of 'node:sqlite': use a store`,
    `packages/hufu/src/index.ts:4 import of 'node:timers': use os.clock`,
  ])
})

test('the SQLite store may use node:sqlite, the server node:fs', () => {
  const store = 'packages/hufu/src/stores/sqlite/index.ts'
  const found = check({
    'packages/hufu/package.json': manifest('hufu', './src/stores/sqlite/index.ts'),
    'apps/server/package.json': manifest('@hufu/server', './main.ts'),
    [store]: `import 'node:sqlite'\nimport 'node:fs'\n`,
    'apps/server/main.ts': `import 'node:sqlite'\nimport 'node:fs'\n`,
  })
  assert.deepEqual(found, [
    `${store}:2 import of 'node:fs': use os.disk`,
    `apps/server/main.ts:1 import of 'node:sqlite': use a store`,
  ])
})

test('names say what is inside', () => {
  const found = check({
    [`${SRC}/test/a.test.ts`]: '',
    [`${SRC}/utils/b.test.ts`]: '',
    [`${SRC}/helpers.test.ts`]: '',
    [`${SRC}/node/index.ts`]: `import './index.ts'\n`,
  })
  assert.deepEqual(found, [
    `${SRC}/test folder 'test': put each test beside its source`,
    `${SRC}/utils folder 'utils': name what is in it`,
    `${SRC}/helpers.test.ts file 'helpers': name what is in it`,
    `${SRC}/node/index.ts index file that no package exports: import the files themselves`,
  ])
})

test('a file that only its own test uses is dead', () => {
  const found = check({
    [INDEX]: `import './used.ts'\nnew URL('./started.ts', import.meta.url)\n`,
    [`${SRC}/used.ts`]: '',
    [`${SRC}/started.ts`]: '',
    [`${SRC}/dead.ts`]: '',
    [`${SRC}/dead.test.ts`]: `import './dead.ts'\nimport './shared.ts'\n`,
    [`${SRC}/shared.ts`]: '',
  })
  assert.deepEqual(found, [
    `${SRC}/dead.ts nothing imports this file, and it is no entry of a package: remove it`,
  ])
})

test('files started by a script or a bin are entries', () => {
  const found = check({
    'package.json': `{"name":"all","scripts":{"check":"node tools/check.ts --x"}}`,
    'apps/server/package.json': `{"name":"@hufu/server","bin":{"hufu":"./bin/hufu.js"}}`,
    'tools/check.ts': '',
    'apps/server/bin/hufu.js': '',
  })
  assert.deepEqual(found, [])
})

test('an export that no other file uses is dead, unless an entry passes it on', () => {
  const found = check({
    [INDEX]: `export { a } from './a.ts'\nimport { type B } from './a.ts'\nexport const c = 1\n`,
    [`${SRC}/a.ts`]: [
      'export const a = 1',
      'export interface B { d: D }',
      'export type D = 1',
      'export function e() {}',
      'export type F = 1',
    ].join('\n'),
  })
  assert.deepEqual(found, [
    `${SRC}/a.ts:4 'e' is used in no other file: do not export it`,
    `${SRC}/a.ts:5 'F' is used in no other file: do not export it`,
  ])
})

test('the allow-list forgives, and may only shrink', () => {
  const files = { [INDEX]: 'a()\n'.repeat(401) }
  assert.deepEqual(check(files, [`file-length ${INDEX}`]), [])
  assert.deepEqual(check({ [INDEX]: '' }, [`file-length ${INDEX}`]), [
    `tools/tidy-allow.json 'file-length ${INDEX}' forgives nothing any more: remove it`,
  ])
})
