import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '@hufu/os'
import { SeededRandom } from '@hufu/os/simulated'
import { compilePattern } from './pattern.ts'

const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)
const ROUNDS = Number(process.env.HUFU_WORLDS ?? 2_000)

test('patterns that permissions and policies use', () => {
  const found = (pattern: string, text: string) => compilePattern(pattern)(text)
  assert.equal(found('.*', 'anything'), true)
  assert.equal(found('^$', ''), true)
  assert.equal(found('^$', 'x'), false)
  assert.equal(found('', 'x'), true)
  assert.equal(found('orders', 'my-orders-eu'), true, 'not anchored')
  assert.equal(found('^(amq\\.gen.*|amq\\.default)$', 'amq.default'), true)
  assert.equal(found('^(amq\\.gen.*|amq\\.default)$', 'amq_default'), false)
  assert.equal(found('^(?!amq\\.).*', 'amq.topic'), false)
  assert.equal(found('^(?!amq\\.).*', 'orders'), true)
  assert.equal(found('^[a-z_]+\\.[^.]{2,3}$', 'my_queue.eu'), true)
  assert.equal(found('^[a-z_]+\\.[^.]{2,3}$', 'my_queue.europe'), false)
  assert.equal(found('(?i)^ORDERS', 'orders.eu'), true)
  assert.equal(found('\\bfoo\\b', 'a foo b'), true)
  assert.equal(found('\\bfoo\\b', 'afoob'), false)
  assert.equal(found('\\A\\x61\\d\\z', 'a1'), true)
  assert.equal(found('[]x]', ']'), true)
  assert.equal(found('[\\w.-]+', '-'), true)
})

test('patterns that would take for ever elsewhere are quick', () => {
  const text = `${'a'.repeat(255)}!`
  for (const pattern of [
    '^(a+)+$',
    '^(a|a)*$',
    '^(a*)*$',
    `^${'a*'.repeat(100)}b`,
    '(?=(a+)+b)a',
  ]) {
    assert.equal(compilePattern(pattern)(text), false, pattern)
  }
})

test('what is wrong, too long or not supported is refused with its place', () => {
  const refused = (pattern: string, why: string) => {
    const message = `Reading the pattern '${pattern}': ${why}`
    assert.throws(() => compilePattern(pattern), { reason: 'argument', message })
  }
  refused('(ab', "a '(' is not closed (at 3)")
  refused('ab)', "')' closes nothing (at 2)")
  refused('[ab', "a '[' is not closed (at 3)")
  refused('*a', 'a repetition repeats nothing (at 0)')
  refused('a**', 'a repetition repeats nothing (at 3)')
  refused('a++', 'possessive repetition is not supported (at 3)')
  refused('[z-a]', 'the range z-a is out of order (at 4)')
  refused('a{3,2}', '{3,2} is no repetition of up to 1000 (at 6)')
  refused('(a)\\1', "'\\1' is not supported (at 4)")
  refused('(?<=a)b', 'this kind of group is not supported (at 2)')
  refused('[[:alpha:]]', "'[:' is not supported (at 3)")
  refused('a\\', "'\\' at the end (at 2)")
  refused('('.repeat(60), 'groups are more than 50 deep (at 50)')
  for (const long of ['(a{1000}){1000}', '(?=a{1000})', '((a{9}){9}){1000}']) {
    assert.throws(() => compilePattern(long), /it is too long/)
  }
})

/** A random pattern that JavaScript reads in the same way. */
function someNode(random: SeededRandom, depth: number): string {
  const pick = (from: readonly string[]) => from[randomBelow(random, from.length)]!
  const inner = () => someNode(random, depth - 1)
  if (depth === 0) return pick(['a', 'b', '.', '[ab]', '[^a]', '\\w', '\\.', '', '-'])
  const kind = randomBelow(random, 8)
  if (kind < 3) return inner() + inner()
  if (kind === 3) return `(${inner()}|${inner()})`
  if (kind === 4) return `(?:${inner()})${pick(['*', '+', '?', '{2}', '{1,2}', '{1,}', '*?'])}`
  if (kind === 5) return pick(['^', '$', '\\b', '\\B']) + inner()
  return kind === 6 ? `(?${pick(['=', '!'])}${inner()})` : inner()
}

test('random patterns and texts: found where JavaScript finds it', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const random = new SeededRandom(seed)
    const pattern = someNode(random, 4)
    const peer = new RegExp(pattern)
    const found = compilePattern(pattern)
    for (let i = 0; i < 20; i++) {
      const text = Array.from({ length: randomBelow(random, 7) }, () => {
        return 'ab.-'[randomBelow(random, 4)]
      }).join('')
      const expected = peer.test(text)
      assert.equal(found(text), expected, `HUFU_SEED=${seed}, /${pattern}/ in '${text}'`)
    }
  }
})
