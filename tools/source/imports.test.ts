import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceFile } from './file.ts'
import { importsOf } from './imports.ts'

function read(text: string) {
  return importsOf(sourceFile('a.ts', text)).map(({ specifier, line, names }) => {
    return `${line} ${specifier} ${names.join(' ')}`
  })
}

test('value, type, namespace, side-effect and dynamic imports and re-exports are found', () => {
  const text = `import { a, type b as c } from './one.ts'
import type { D } from "./two.ts"
import * as e from './three.ts'
import './four.ts'
export { f as g } from './five.ts'
export type { H } from './six.ts'
export * from './seven.ts'
const i = await import('./eight.ts')
let j: import('./nine.ts').J
import {
  k,
} from './ten.ts'
`
  assert.deepEqual(read(text), [
    '1 ./one.ts a b',
    '2 ./two.ts D',
    '3 ./three.ts *',
    '4 ./four.ts *',
    '5 ./five.ts f',
    '6 ./six.ts H',
    '7 ./seven.ts *',
    '8 ./eight.ts *',
    '9 ./nine.ts *',
    '10 ./ten.ts k',
  ])
})

test('imports in comments and strings are none', () => {
  assert.deepEqual(read(`// import './a.ts'\n/* import './b.ts' */ f("import './c.ts'")`), [])
})

test('a word from, an import of an object and an exported value are no imports', () => {
  assert.deepEqual(read(`a.import('b')\nexport const c = Array.from('d')`), [])
})

test('a file named in a string is used but not linked', () => {
  const text = `new URL('./b.ts', here)\njoin(import.meta.dirname, "c.ts")\nf('d .ts', 'x.md')`
  const found = importsOf(sourceFile('a.ts', text))
  assert.deepEqual(
    found.map(({ specifier, linked }) => [specifier, linked]),
    [
      ['./b.ts', false],
      ['./c.ts', false],
    ],
  )
})
