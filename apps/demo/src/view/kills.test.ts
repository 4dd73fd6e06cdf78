import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hit, RunState } from '../run/run-state.ts'
import { killsByProcess, killsText, killsTimed } from './kills.ts'

const HITS: Hit[] = [
  { process: 'broker', atMs: 3_210, during: 'work', taken: 9, open: 1_214, backMs: 640 },
  { process: 'sms', atMs: 3_210, during: 'work', taken: 9, open: 1_214 },
  { process: 'sms', atMs: 12_345, during: 'start', taken: 9, open: 3, backMs: 400 },
]

function run(hits: Hit[]): RunState {
  const names = ['broker', 'order', 'sms'] as const
  return { names, hits, progress: undefined, starting: [], repeated: 0, retried: 0 }
}

test('each process is counted, also one that was never killed', () => {
  assert.deepEqual(killsByProcess(run(HITS)), { broker: 1, order: 0, sms: 2 })
})

test('one line says who was killed how often, when, and how long they were away', () => {
  assert.equal(
    killsText(run(HITS)),
    '3 with kill -9 (broker 1, order 0, sms 2): 2 at work, 1 while starting; ' +
      'up to 1,214 orders under way; ready again in 0.6 s',
  )
  assert.equal(killsText(run([])), 'none')
})

test('each kill is listed with its time; one that was cut short says so', () => {
  assert.deepEqual(killsTimed(run(HITS)), [
    '   3.2 s  broker  at work, 1,214 orders under way, back in 0.6 s',
    '   3.2 s  sms     at work, 1,214 orders under way, killed again before it was back',
    '  12.3 s  sms     while starting, 3 orders under way, back in 0.4 s',
  ])
})
