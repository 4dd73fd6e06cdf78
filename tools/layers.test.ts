import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLayers } from './layers.ts'
import { lines, manifest, smallTree } from './source/tree.fixture.ts'

const OS = 'packages/os/src'
const BROKER = 'packages/broker/src'
const HUFU = 'packages/hufu/src'
const PACKAGES = {
  'packages/os/package.json': manifest('@hufu/os', './src/index.ts'),
  'packages/broker/package.json': manifest('@hufu/broker', './src/index.ts', ['@hufu/os']),
  'packages/hufu/package.json': manifest('hufu', './src/index.ts', ['@hufu/os', '@hufu/broker']),
  [`${OS}/index.ts`]: '',
  [`${BROKER}/index.ts`]: '',
  [`${HUFU}/index.ts`]: '',
}

function check(files: Record<string, string>): string[] {
  return lines(checkLayers(...smallTree({ ...PACKAGES, ...files })))
}

test('imports from lower layers are fine', () => {
  const found = check({
    [`${BROKER}/errors.ts`]: '',
    [`${BROKER}/log/a.ts`]: `import { os } from '@hufu/os'\nimport '../errors.ts'`,
    [`${BROKER}/engine/b.ts`]: `import '../log/a.ts'\nimport './c.ts'`,
    [`${BROKER}/engine/c.ts`]: `import 'node:crypto'`,
    [`${HUFU}/errors.ts`]: '',
    [`${HUFU}/stores/sqlite/s.ts`]: `import '../../errors.ts'\nimport '@hufu/os'`,
    [`${HUFU}/transports/embedded/e.ts`]: `import '@hufu/broker'`,
  })
  assert.deepEqual(found, [])
})

test('an import of a higher layer is refused, type imports included', () => {
  const found = check({
    [`${BROKER}/log/a.ts`]: `\nimport type { B } from '../engine/b.ts'`,
    [`${BROKER}/engine/b.ts`]: '',
  })
  assert.deepEqual(found, [
    `${BROKER}/log/a.ts:2 imports ${BROKER}/engine/b.ts: 'engine' is a higher layer than 'log'`,
  ])
})

test('doors never import each other', () => {
  const found = check({
    [`${BROKER}/doors/amqp/a.ts`]: `import '../rocketmq/r.ts'`,
    [`${BROKER}/doors/rocketmq/r.ts`]: '',
  })
  assert.deepEqual(found, [
    `${BROKER}/doors/amqp/a.ts:1 imports ${BROKER}/doors/rocketmq/r.ts: ` +
      `'amqp door' and 'rocketmq door' may not import each other`,
  ])
})

test('a store sees only ports and the ground', () => {
  const found = check({
    [`${HUFU}/stores/sqlite/s.ts`]: `import '../../outbox/o.ts'\nimport '../../ports/store.ts'`,
    [`${HUFU}/outbox/o.ts`]: '',
    [`${HUFU}/ports/store.ts`]: '',
  })
  assert.deepEqual(found, [
    `${HUFU}/stores/sqlite/s.ts:1 imports ${HUFU}/outbox/o.ts: ` +
      `'stores/sqlite' may import only 'os', 'library ground', 'ports'`,
  ])
})

test('of the library only the embedded transport knows the broker', () => {
  const found = check({ [`${HUFU}/outbox/o.ts`]: `import { x } from '@hufu/broker'` })
  assert.deepEqual(found, [
    `${HUFU}/outbox/o.ts:1 imports ${BROKER}/index.ts: ` +
      `'broker' is only for 'transports/embedded', 'sim', 'server', 'demo', 'examples'`,
  ])
})

test('a file that no layer names is refused', () => {
  assert.deepEqual(check({ [`${BROKER}/odds/a.ts`]: '' }), [
    `${BROKER}/odds/a.ts no layer of tools/layers.ts names this file`,
  ])
})

test('cycles are refused, of types and in tests too', () => {
  const found = check({
    [`${BROKER}/log/a.ts`]: `import type { B } from './b.ts'`,
    [`${BROKER}/log/b.ts`]: `import type { A } from './a.ts'`,
    [`${OS}/a.test.ts`]: `import './b.test.ts'`,
    [`${OS}/b.test.ts`]: `import './a.test.ts'`,
  })
  assert.deepEqual(found, [
    `${BROKER}/log/a.ts ${BROKER}/log/a.ts → ${BROKER}/log/b.ts → ${BROKER}/log/a.ts`,
    `${OS}/a.test.ts ${OS}/a.test.ts → ${OS}/b.test.ts → ${OS}/a.test.ts`,
  ])
})

test('the neutral core may not contain words of a door', () => {
  const found = check({
    [`${BROKER}/log/a.ts`]: '// ok\nlet myExchange, consumerGroup',
    [`${BROKER}/queue/b.ts`]: '// per Consumer group',
    [`${BROKER}/routing/topic.ts`]: 'let exchange',
  })
  assert.deepEqual(found, [
    `${BROKER}/log/a.ts:2 'Exchange' may not be in the neutral core: it belongs to a door`,
    `${BROKER}/log/a.ts:2 'consumerGroup' may not be in the neutral core: it belongs to a door`,
    `${BROKER}/queue/b.ts:1 'Consumer group' may not be in the neutral core: it belongs to a door`,
  ])
})

test('packages are imported by name, through an entry, and only when listed', () => {
  const found = check({
    [`${BROKER}/log/a.ts`]: `import '../../../os/src/index.ts'\nimport '@hufu/os/src/index.ts'`,
    [`${OS}/b.ts`]: `import '@hufu/broker'\nimport 'left-pad/x'`,
  })
  assert.deepEqual(found, [
    `${BROKER}/log/a.ts:1 imports ${OS}/index.ts by path: import '@hufu/os'`,
    `${BROKER}/log/a.ts:2 imports '@hufu/os/src/index.ts': there is no such file`,
    `${OS}/b.ts:1 imports '@hufu/broker': packages/os/package.json does not list it`,
    `${OS}/b.ts:2 imports 'left-pad': packages/os/package.json does not list it`,
  ])
})

test('an import of a file that is not there is refused', () => {
  assert.deepEqual(check({ [`${OS}/a.ts`]: `import './b.ts'` }), [
    `${OS}/a.ts:1 imports './b.ts': there is no such file`,
  ])
})

test('tests may import any file of their package, and nothing imports a test', () => {
  const found = check({
    [`${BROKER}/log/a.test.ts`]: `import '../engine/b.ts'\nimport '../../../../tools/skip.ts'`,
    [`${BROKER}/engine/b.ts`]: `import './b.fixture.ts'\nimport '../../../../tools/skip.ts'`,
    [`${BROKER}/engine/b.fixture.ts`]: '',
    'tools/skip.ts': '',
  })
  const why = 'tools are for tests, chaos, bench and interop only'
  assert.deepEqual(found, [
    `${BROKER}/engine/b.ts:1 imports ${BROKER}/engine/b.fixture.ts: that is for tests only`,
    `${BROKER}/engine/b.ts:2 imports tools/skip.ts: ${why}`,
  ])
})
