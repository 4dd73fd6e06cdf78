import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DiskCall, type SimulatedOs, simulatedOs } from '@hufu/os/simulated'
import { CheckpointFiles } from './checkpoint-file.ts'

const DIR = '/log'

async function* blocks(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

/** What a process finds that opens the folder now. */
async function found(sim: SimulatedOs): Promise<{ files: CheckpointFiles; texts: string[] }> {
  const files = new CheckpointFiles(sim.os.disk, DIR)
  const checkpoint = await sim.settle(files.find())
  const texts: string[] = []
  const read = async () => {
    if (checkpoint === undefined) return
    for await (const block of files.read(checkpoint)) texts.push(Buffer.from(block).toString())
  }
  await sim.settle(read())
  return { files, texts }
}

async function folder(seed: number): Promise<SimulatedOs> {
  const sim = simulatedOs({ seed })
  await sim.settle(sim.os.disk.makeDir(DIR))
  const { files } = await found(sim)
  await sim.settle(files.layOut())
  await sim.settle(files.write(100, 1, blocks(['one a', 'one b'])))
  return sim
}

/** Of the newest, written anew; of the blocks; of the header. */
const isLastSync = () => {
  let syncs = 0
  return ({ kind }: DiskCall) => kind === 'sync' && ++syncs === 3
}

const isSecondBlock = ({ kind, position }: DiskCall) => kind === 'write' && position === 64 + 8 + 5

test('the newest of two whole checkpoints is found', async () => {
  const sim = await folder(1)
  const first = await found(sim)
  assert.deepEqual(first.texts, ['one a', 'one b'])
  await sim.settle(first.files.write(200, 2, blocks(['two'])))
  sim.kill()
  const { files, texts } = await found(sim)
  assert.deepEqual(texts, ['two'])
  assert.deepEqual([files.newest?.position, files.newest?.time], [200, 2])
})

test('a kill in an attempt behind a failed one leaves no mix that passes for whole', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const sim = await folder(seed)
    const { files } = await found(sim)
    // All of it is in the page cache, under a header that names its number.
    sim.disk.failAt(isLastSync(), 'ENOSPC')
    await assert.rejects(sim.settle(files.write(200, 2, blocks(['two a', 'two b']))), /ENOSPC/)
    sim.disk.failAt(isSecondBlock, 'EIO')
    await assert.rejects(sim.settle(files.write(300, 3, blocks(['tri a', 'tri b']))), /EIO/)
    sim.kill()
    assert.deepEqual((await found(sim)).texts, ['one a', 'one b'], `seed ${seed}`)
  }
})

test('after a restart too an attempt never takes the number of one that failed', async () => {
  const sim = await folder(1)
  const before = await found(sim)
  sim.disk.failAt(isLastSync(), 'ENOSPC')
  await assert.rejects(sim.settle(before.files.write(200, 2, blocks(['two a', 'two b']))))
  sim.disk.failAt(isSecondBlock, 'EIO')
  await assert.rejects(sim.settle(before.files.write(300, 3, blocks(['tri a', 'tri b']))))
  sim.kill()
  const { files } = await found(sim)
  const { sequence } = await sim.settle(files.write(400, 4, blocks(['four'])))
  assert.equal(sequence, 3, 'the header left behind says 2')
  sim.kill()
  assert.deepEqual((await found(sim)).texts, ['four'])
})
