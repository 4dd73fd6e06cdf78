import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CASES } from './cases.ts'
import { Child } from './child.ts'
import { drive } from './drive.ts'

const sink = new Child('sink.ts')
let url = ''

before(async () => {
  const { port } = await sink.ask<{ port: number }>({})
  url = `amqp://127.0.0.1:${port}/%2F`
})

after(() => sink.end())

for (const group of new Set(CASES.map((each) => each.group))) {
  test(`messages come through under a load of the group ${group}`, async () => {
    const wanted = CASES.find((each) => each.group === group)!
    const where = { url, pid: sink.pid, queueArguments: {}, seconds: 0.2 }
    const { perSecond, confirm, endToEnd } = await drive({ ...wanted, ...where })
    assert.ok(perSecond > 0)
    assert.equal(confirm !== undefined, wanted.window > 0)
    assert.equal(endToEnd !== undefined, wanted.perSecond > 0)
  })
}
