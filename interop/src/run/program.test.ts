import assert from 'node:assert/strict'
import { it } from 'node:test'
import { play } from './program.ts'

const URL = 'amqp://guest:secret@127.0.0.1:1/%2F'

function program(script: string) {
  return { name: 'a/b', command: process.execPath, args: ['-e', script] }
}

it('names that a server makes, and the user, are the same in every transcript', async () => {
  const line = "amq.gen-Ab_1 amq.ctag-x.1.2 amq.rabbitmq.reply-to.g2dk.x== for 'guest'"
  const { lines } = await play(program(`console.log(${JSON.stringify(line)})`), URL)
  assert.deepEqual(lines, ["amq.gen-* amq.ctag-* amq.rabbitmq.reply-to.* for 'USER'"])
})

it('the program gets the address, and what it complains about is kept', async () => {
  const { lines, complaints } = await play(
    program('console.log(new URL(process.env.INTEROP_URL).port); console.error("oh")'),
    URL,
  )
  assert.deepEqual([lines, complaints], [['1'], 'oh\n'])
})

it('that it failed, or could not be started, stands in the transcript', async () => {
  assert.deepEqual((await play(program('process.exit(3)'), URL)).lines, ['["ended",3]'])
  const missing = { name: 'a/b', command: '/no/such/program', args: [] }
  const { lines } = await play(missing, URL)
  assert.match(lines[0] ?? '', /ENOENT|-2/)
})
