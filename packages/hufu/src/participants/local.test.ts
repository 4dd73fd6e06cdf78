import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { Failure, fail } from '../outcome.ts'
import type { ParticipantRequest } from '../ports/participant.ts'
import { type SqliteTx, sqlite } from '../stores/sqlite/index.ts'
import { type LocalWork, localParticipant } from './local.ts'

const REQUEST: ParticipantRequest = {
  ...{ id: 't1', kind: 'saga', name: 'order', branch: 'charge', op: 'action', attempt: 1 },
  ...{ input: {}, result: undefined, results: {}, headers: {} },
  refusalLasts: true,
  signal: new AbortController().signal,
}

interface Bench {
  readonly call: (
    work: LocalWork<SqliteTx>,
    request?: Partial<ParticipantRequest>,
  ) => Promise<unknown>
}

async function bench(t: { after(fn: () => Promise<void>): void }): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-local-'))
  const store = sqlite(join(dir, 'shop.db'))
  await store.open(nodeOs)
  t.after(async () => {
    await store.close()
    await rm(dir, { recursive: true })
  })
  return {
    call: (work, request = {}) => localParticipant(store, work).call({ ...REQUEST, ...request }),
  }
}

const refuses: LocalWork<SqliteTx> = () => {
  throw fail('NO_MONEY', 'the card is empty', { left: 3 })
}

function isRefusal(error: unknown): boolean {
  assert.ok(error instanceof Failure)
  assert.deepEqual(
    [error.code, error.message, error.data],
    ['NO_MONEY', 'the card is empty', { left: 3 }],
  )
  return true
}

test('a refusal that decides lasts: a later call of the operation is refused too', async (t) => {
  const { call } = await bench(t)
  let worked = 0
  await assert.rejects(call(refuses), isRefusal)
  await assert.rejects(
    call(() => void worked++, { attempt: 2 }),
    isRefusal,
  )
  assert.equal(worked, 0)
})

test('what was refused is not undone', async (t) => {
  const { call } = await bench(t)
  await assert.rejects(call(refuses), isRefusal)
  let undone = 0
  await call(() => void undone++, { op: 'compensate' })
  assert.equal(undone, 0)
})

test('a refusal that does not decide may be tried again', async (t) => {
  const { call } = await bench(t)
  await assert.rejects(call(refuses, { refusalLasts: false }), isRefusal)
  assert.equal(await call(() => 'paid', { refusalLasts: false }), 'paid')
})
