import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { createLog } from './log.ts'

const clock = { ...nodeOs.clock, now: () => 1_767_225_600_123 }

function linesOf(form: 'json' | 'text'): string[] {
  const lines: string[] = []
  const log = createLog(form, clock, (line) => lines.push(line))
  log.info('ready')
  log.warn('warning', { text: 'two\nlines', none: undefined })
  log.error('failed', { counts: { queues: 2 } })
  return lines
}

test('as JSON each event is one object on one line', () => {
  const time = '2026-01-01T00:00:00.123Z'
  assert.deepEqual(
    linesOf('json').map((line) => JSON.parse(line)),
    [
      { time, level: 'info', event: 'ready' },
      { time, level: 'warn', event: 'warning', text: 'two\nlines' },
      { time, level: 'error', event: 'failed', counts: { queues: 2 } },
    ],
  )
  assert.ok(linesOf('json').every((line) => !line.includes('\n')))
})

test('as text a person reads the same', () => {
  assert.deepEqual(linesOf('text'), [
    '2026-01-01T00:00:00.123Z info  ready',
    '2026-01-01T00:00:00.123Z warn  warning text=two\nlines',
    '2026-01-01T00:00:00.123Z error failed counts={"queues":2}',
  ])
})
