import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '@hufu/os'
import { SeededRandom } from '@hufu/os/simulated'
import type { Binding } from './exchange.ts'
import { TopicMatcher } from './topic.ts'

const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)
const ROUNDS = Number(process.env.HUFU_WORLDS ?? 300)

function bound(key: string): Binding {
  const destination = { kind: 'queue', name: key } as const
  return { source: 'x', destination, key, arguments: new Map() }
}

function matcherOf(patterns: readonly string[]): TopicMatcher {
  const matcher = new TopicMatcher()
  for (const pattern of patterns) matcher.add(bound(pattern))
  return matcher
}

function found(matcher: TopicMatcher, key: string): string[] {
  const names = new Set<string>()
  matcher.match(
    key,
    () => new Map(),
    ({ name }) => names.add(name),
  )
  return [...names].sort()
}

/** The rule itself, word by word. */
function matches(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#') {
    return matches(rest, words) || (words.length > 0 && matches(pattern, words.slice(1)))
  }
  if (words.length === 0) return false
  return (first === '*' || first === words[0]) && matches(rest, words.slice(1))
}

const wordsOf = (key: string) => (key === '' ? [] : key.split('.'))

test('the examples of the specification', () => {
  const patterns = ['*.stock.#', 'usd.*', '#', '', '*', '#.db', 'usd.stock']
  const matcher = matcherOf(patterns)
  assert.deepEqual(found(matcher, 'usd.stock'), ['#', '*.stock.#', 'usd.*', 'usd.stock'])
  assert.deepEqual(found(matcher, 'eur.stock.db'), ['#', '#.db', '*.stock.#'])
  assert.deepEqual(found(matcher, 'stock.nasdaq'), ['#'])
  assert.deepEqual(found(matcher, ''), ['', '#'])
  assert.deepEqual(found(matcher, 'one'), ['#', '*'])
})

test('a word may be empty, and a routing key may contain the signs themselves', () => {
  const matcher = matcherOf(['a..b', 'a.*.b', 'a.', '*.x'])
  assert.deepEqual(found(matcher, 'a..b'), ['a.*.b', 'a..b'])
  assert.deepEqual(found(matcher, 'a.'), ['a.'])
  assert.deepEqual(found(matcher, '#.x'), ['*.x'])
  assert.deepEqual(found(matcher, '*.x'), ['*.x'])
})

test('random patterns and keys: the tree finds what the rule finds, also after removals', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const random = new SeededRandom(seed)
    const pick = (from: readonly string[]) => from[randomBelow(random, from.length)]!
    const someKey = (words: readonly string[]) => {
      return Array.from({ length: randomBelow(random, 6) }, () => pick(words)).join('.')
    }
    const patterns = [
      ...new Set(Array.from({ length: 40 }, () => someKey(['a', 'b', '*', '#', '']))),
    ]
    const bindings = patterns.map(bound)
    const matcher = new TopicMatcher()
    for (const binding of bindings) matcher.add(binding)
    const removed = bindings.filter(() => randomBelow(random, 3) === 0)
    for (const binding of removed) matcher.remove(binding)
    const left = bindings.filter((each) => !removed.includes(each)).map((each) => each.key)
    for (let i = 0; i < 40; i++) {
      const key = someKey(['a', 'b', 'c', ''])
      const expected = left.filter((each) => matches(wordsOf(each), wordsOf(key))).sort()
      assert.deepEqual(found(matcher, key), expected, `HUFU_SEED=${seed}, key '${key}'`)
    }
  }
})

test('many # in a pattern do not multiply the work', () => {
  const matcher = matcherOf([`${'#.a.'.repeat(60)}z`])
  assert.deepEqual(found(matcher, 'a.'.repeat(120)), [])
  assert.equal(found(matcher, `${'a.'.repeat(120)}z`).length, 1)
})

test('of ten thousand bindings each key finds its own', () => {
  const patterns = Array.from({ length: 10_000 }, (_, i) => `eu.*.order.n${i}.#`)
  const matcher = matcherOf([...patterns, 'us.#'])
  let asked = 0
  for (let i = 0; i < 10_000; i++) {
    matcher.match(
      `eu.shop.order.n${i}.paid`,
      () => new Map(),
      () => asked++,
    )
  }
  assert.equal(asked, 10_000)
})
