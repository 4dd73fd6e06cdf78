import { setTimeout as sleep } from 'node:timers/promises'
import { embedded } from 'hufu/transports/embedded'
import { Doom } from './death.ts'
import { filesIn, messageId, SHOP } from './files.ts'
import { NoteFile } from './note-file.ts'
import { kindsOf } from './plan.ts'
import { openPoints } from './points.ts'
import type { LifeOptions } from './process.ts'
import { openShop } from './shop.ts'

/** One life of the process with producer, broker and consumer; only the last ends by itself. */
const { dir, seed, messages, upTo, at, isLast }: LifeOptions = JSON.parse(process.argv[2] ?? '{}')

const AT_A_TIME = 8
/** Between two messages of a line, at most, ms: so that a kill finds work. */
const PAUSE_MS_MAX = 25
const POLL_MS = 20
/** What is not answered after so long without work for the broker never will be, ms. */
const IDLE_MS_MAX = 5_000

const files = filesIn(dir)
const kinds = kindsOf(seed, messages)
const doom = new Doom(at)
const notes = new NoteFile(files.notes)
const transport = embedded(files.broker)
const kindOf = (id: string) => kinds[Number(id.slice(1))]!
const shop = openShop({ files, transport, doom, notes, kindOf })
const points = openPoints(files, shop.watched, doom)

async function placeAll(): Promise<void> {
  const ended = await shop.ended()
  const ids = Array.from({ length: upTo }, (_, number) => messageId(number))
  const waiting = ids.filter((id) => !ended.has(id))
  const line = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      await sleep(Math.random() * PAUSE_MS_MAX)
      await shop.place(id)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, line))
}

function isBusy(): boolean {
  const broker = transport.broker!
  const busy = broker.queues().some(({ ready, unsettled, delayed }) => ready + unsettled + delayed)
  return busy || broker.prepared({ group: SHOP }).length > 0
}

/** Until every message is decided, consumed and answered; what is lost must not hold it up. */
async function drain(): Promise<void> {
  let idleSince = performance.now()
  while (isBusy() || (await shop.open()) > 0) {
    if (isBusy()) idleSince = performance.now()
    else if (performance.now() - idleSince > IDLE_MS_MAX) return
    await sleep(POLL_MS)
  }
}

async function live(): Promise<void> {
  await shop.hufu.start()
  await points.hufu.start()
  process.stdout.write('ready\n')
  await placeAll()
  if (!isLast) return
  await drain()
  await points.hufu.stop()
  await shop.hufu.stop()
}

// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1)).resume()
await live()
if (isLast) process.exit(0)
