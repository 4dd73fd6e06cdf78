import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Findings } from '../world/findings.ts'
import { RecordModel } from './record-model.ts'

function modelOf(...values: (string | undefined)[]): { model: RecordModel; findings: Findings } {
  const findings = new Findings()
  const model = new RecordModel(findings)
  for (const value of values) model.ask([{ key: 'a', value }])
  return { model, findings }
}

const holding = (value: string) => new Map([['a', value]])

test('any of the puts behind the last confirmed one may be the last that arrived', () => {
  for (const value of ['2', '3']) {
    const { model, findings } = modelOf('1', '2', '3')
    model.puts[1]!.state = 'confirmed'
    model.begin(holding(value))
    assert.deepEqual(findings.all, [])
  }
})

test('records of before a confirmed put are a broken promise', () => {
  const { model, findings } = modelOf('1', '2')
  model.puts[1]!.state = 'confirmed'
  model.begin(holding('1'))
  assert.equal(findings.first!.rule, 'records are the outcome of their puts, in order')
})

test('what did not arrive by the next life never comes, nor what was refused', () => {
  const { model, findings } = modelOf('1', '2', '3')
  model.puts[1]!.state = 'void'
  model.begin(holding('1'))
  assert.deepEqual(findings.all, [])
  model.begin(holding('3'))
  assert.equal(findings.all.length, 1)
})

test('a part of a put is a broken promise', () => {
  const { model, findings } = modelOf()
  model.ask([
    { key: 'a', value: '1' },
    { key: 'b', value: '1' },
  ])
  model.begin(holding('1'))
  assert.equal(findings.all.length, 1)
})
