import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smallTree } from '../source/tree.fixture.ts'
import { neededServices } from './run-services.ts'

const FOR_TEST = { 'tools/services/for-test.ts': 'export function shared() {}' }
const ASKS = `import { shared } from '../tools/services/for-test.ts'\n`

test('a server is needed when a test, or what it imports, asks for it by name', () => {
  const [tree, graph] = smallTree({
    ...FOR_TEST,
    'packages/a.int.ts': `${ASKS}shared(t, 'postgres')`,
    'packages/b.int.ts': `import './b.fixture.ts'`,
    'packages/b.fixture.ts': `${ASKS}shared(t, 'mariadb')`,
  })
  assert.deepEqual(neededServices(tree, graph, ['packages/a.int.ts']), ['postgres'])
  assert.deepEqual(neededServices(tree, graph, ['packages/b.int.ts']), ['mariadb'])
  const both = ['packages/a.int.ts', 'packages/b.int.ts']
  assert.deepEqual(neededServices(tree, graph, both), ['postgres', 'mariadb'])
})

test('a file that does not ask needs none, whatever names it holds', () => {
  const [tree, graph] = smallTree({
    ...FOR_TEST,
    'packages/a.test.ts': `import './store.ts'`,
    'packages/store.ts': `export const dialect = 'postgres'`,
    'packages/own.int.ts': `${ASKS.replace('shared', 'ownService')}ownService(t, 'redis')`,
  })
  assert.deepEqual(neededServices(tree, graph, ['packages/a.test.ts', 'packages/own.int.ts']), [])
})
