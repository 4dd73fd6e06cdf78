import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesAfter } from './log-map.ts'
import { type Image, makeImage } from './make-image.ts'
import { differences, type Started, startOn } from './start.ts'

const image: Image = await makeImage(8_192, 7, 'killed')
const expected = messagesAfter(image.log.entries)
const started: Started = await startOn(image, image.files)

test('the image has lives, groups and entries of all kinds, and a start serves all of it', () => {
  const kinds = new Set(image.log.entries.map(({ effect }) => effect.kind))
  assert.deepEqual([...kinds].sort(), ['message', 'none', 'settle'])
  assert.ok(image.log.groups.length > 10 && image.log.segments.length > 1 && expected.size > 5)
  assert.deepEqual(differences(image, expected, started), { lost: [], invented: [] })
})

test('a message that is not served is lost', () => {
  const { lost, invented } = differences(image, expected, { served: started.served.slice(1) })
  assert.deepEqual([lost.length, invented.length], [1, 0])
})

test('a message that must not be there is invented', () => {
  const fewer = new Map([...expected].slice(1))
  const { lost, invented } = differences(image, fewer, started)
  assert.deepEqual([lost.length, invented.length], [0, 1])
})

test('a message with another body is invented, and the right one lost', () => {
  const [first, ...others] = started.served
  const body = Uint8Array.of(...first!.message.body, 0)
  const wrong = { ...first!, message: { ...first!.message, body } }
  const { lost, invented } = differences(image, expected, { served: [wrong, ...others] })
  assert.deepEqual([lost.length, invented.length], [1, 1])
})
