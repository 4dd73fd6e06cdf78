import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable } from './printable.ts'

test('what a terminal would obey is shown, lines and tabs stay', () => {
  assert.equal(printable('a\u001b[2Jb\r\n\tc\u009b'), 'a\\u001b[2Jb\\u000d\n\tc\\u009b')
  assert.equal(JSON.parse(printable(JSON.stringify('é\u0085\u001b'))), 'é\u0085\u001b')
})
