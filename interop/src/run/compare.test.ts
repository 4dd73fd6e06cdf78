import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { differences, expectedAs } from './compare.ts'
import type { Transcript } from './program.ts'

const transcript = (...lines: string[]): Transcript => ({ lines, complaints: '' })
const DONE = '["done",null]'

describe('transcripts', () => {
  it('that are the same have no difference', () => {
    assert.deepEqual(differences(transcript('a', DONE), transcript('a', DONE)), [])
  })

  it('differ in each line that the two have differently, or that one has alone', () => {
    assert.deepEqual(differences(transcript('a', 'b', DONE), transcript('a', 'c', DONE, 'more')), [
      { line: 2, hufu: 'b', rabbitmq: 'c' },
      { line: 4, hufu: '(nothing)', rabbitmq: 'more' },
    ])
  })

  it('of a program that failed in the same way on both are no success', () => {
    const failed = transcript('a', '["failed","why"]')
    const line = '["failed","why"]'
    assert.deepEqual(differences(failed, failed), [{ line: 2, hufu: line, rabbitmq: line }])
  })

  it('are expected to differ where program and both lines are those of the table', () => {
    const entry = { program: 'topic', hufu: 'mine', rabbitmq: 'theirs', why: 'on purpose' }
    const difference = { line: 1, hufu: '["x","mine"]', rabbitmq: '["x","theirs"]' }
    const other = { ...difference, rabbitmq: '["x","unheard of"]' }
    assert.equal(expectedAs([entry], 'pika/topic', difference), entry)
    assert.equal(expectedAs([entry], 'pika/subtopic', difference), undefined)
    assert.equal(expectedAs([entry], 'pika/topic', other), undefined)
  })
})
