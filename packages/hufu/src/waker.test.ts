import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nodeOs } from '@hufu/os'
import { Waker } from './waker.ts'

const NEVER_MS = 3_600_000

describe('a pause that work ends', () => {
  it('ends at the next wake, and the one after it lasts again', async () => {
    const waker = new Waker(nodeOs.clock)
    const paused = waker.pause(NEVER_MS)
    waker.wake()
    await paused
    waker.clear()
    let ended = false
    const again = waker.pause(NEVER_MS).then(() => {
      ended = true
    })
    await new Promise(setImmediate)
    assert.equal(ended, false)
    waker.wake()
    await again
  })

  it('does not begin when something woke since the work was looked at', async () => {
    const waker = new Waker(nodeOs.clock)
    waker.clear()
    waker.wake()
    await waker.pause(NEVER_MS)
  })

  it('ends by itself', async () => {
    await new Waker(nodeOs.clock).pause(1)
  })
})
