import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blank } from './blank.ts'

test('comments are blanked, line ends stay', () => {
  assert.equal(blank('a // b\nc /* d\ne */ f'), 'a     \nc     \n     f')
})

test('contents of strings are blanked, the quotes stay', () => {
  assert.equal(blank(`x('a//b', "it's", '\\'')`), `x('    ', "    ", '  ')`)
})

test('templates are blanked, code in them is not', () => {
  const hole = (inner: string) => `$\{${inner}}`
  const text = `\`a ${hole(`b + \`c${hole('{ d: 1 }.d')}\``)} e\` + f`
  const code = `\`  ${hole(`b + \` ${hole('{ d: 1 }.d')}\``)}  \` + f`
  assert.equal(blank(text), code)
})

test('a regular expression is blanked, a division is not', () => {
  assert.equal(blank(`x = /['"/]/.test(y)`), `x = /     /.test(y)`)
  assert.equal(blank(`[/[/'"]/g]`), `[/     /g]`)
  assert.equal(blank(`return /'/`), `return / /`)
  assert.equal(blank(`a / b / 'c'`), `a / b / ' '`)
  assert.equal(blank(`f(a) / 2 // 'c`), `f(a) / 2      `)
})

test('the line that names the interpreter is blanked', () => {
  assert.equal(blank('#!/a b\nc'), '      \nc')
})
