import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peeked } from '@hufu/broker'
import { Findings } from '../world/findings.ts'
import { Marks } from '../world/marks.ts'
import { begunWith, checkBackup, expectedOf } from './backup-check.ts'
import { DirectModel, type Now } from './model.ts'

const FIRST: Now = {
  elapsed: 0,
  brokerTime: 0,
  life: 1,
  jumped: 0,
  wentBack: false,
  uncleanEnds: 0,
  orderlyEnds: 0,
}

const REQUEST = { queues: ['patient'], body: Buffer.from('body') }

/** A model with one confirmed message, `m1`. */
function begun() {
  const findings = new Findings()
  const model = new DirectModel(findings, new Marks())
  model.confirm(model.send('m1', REQUEST, FIRST), 1)
  return { findings, model }
}

function listed(token: string): Peeked {
  const times = { attempts: 0, redelivered: false, time: 0, dueAt: 0, history: [] } as const
  const { body } = REQUEST
  const properties = Buffer.from(token)
  return { id: 1, queue: 'patient', body, properties, state: 'ready', ...times }
}

const rulesOf = ({ all }: Findings) => all.map(({ rule }) => rule)

test('what was confirmed before a backup must be in it, once', () => {
  for (const [found, broken] of [
    [[], ['a backup holds what was confirmed before it']],
    [['m1'], []],
    [['m1', 'm1'], ['a message is in a queue of a backup once']],
  ] as const) {
    const { findings, model } = begun()
    const expected = expectedOf(model, begunWith(model))
    checkBackup(model, expected, found.map(listed), findings)
    assert.deepEqual(rulesOf(findings), broken)
  }
})

test('what is settled while a backup is made may be in it or not, what was before may not', () => {
  const { findings, model } = begun()
  const copy = [...model.copies.values()][0]!
  const before = begunWith(model)
  copy.gone = 'asked'
  const open = expectedOf(model, before)
  for (const found of [[], ['m1']]) checkBackup(model, open, found.map(listed), findings)
  assert.deepEqual(rulesOf(findings), [])
  copy.gone = 'confirmed'
  checkBackup(model, expectedOf(model, begunWith(model)), [listed('m1')], findings)
  assert.deepEqual(rulesOf(findings), ['a backup holds nothing that was not there'])
})

test('what comes after a backup is not in it', () => {
  const { findings, model } = begun()
  const expected = expectedOf(model, begunWith(model))
  model.send('m2', REQUEST, FIRST)
  checkBackup(model, expected, [listed('m1'), listed('m2')], findings)
  assert.deepEqual(rulesOf(findings), ['a backup holds nothing that was not there'])
})
