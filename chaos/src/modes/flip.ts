import { setImmediate as turn } from 'node:timers/promises'
import type { RecoveryReport } from '@hufu/broker'
import { type Entry, messagesAfter, type Segment } from '../image/log-map.ts'
import { type Image, makeImage, NAMES } from '../image/make-image.ts'
import { differences, type Started, startOn, withFile } from '../image/start.ts'
import { Rate } from '../run/rate.ts'
import { complain, type Tally } from '../run/tally.ts'

const SEGMENT_HEADER_BYTES = 64
const GROUP_HEADER_BYTES = 40
const BITS = 8

/** What a start must give when this byte is wrong. */
interface Expected {
  messages: ReadonlyMap<string, string>
  damaged: { position: number; bytes: number }[]
  /** In the last group: the rest of it is cut off, and the report says so. */
  tail: boolean
}

/** Every bit of a log flipped: of one as a kill left it, and of one after an orderly stop. */
export async function flipMode(bytes: number, seed: number, tally: Tally): Promise<void> {
  for (const ending of ['killed', 'stopped'] as const) {
    const image = await makeImage(bytes, seed, ending)
    const { segments, entries, groups } = image.log
    complain(
      `${ending}: ${segments.length} segments, ${groups.length} groups, ${entries.length} entries`,
    )
    const rate = new Rate(`flip, ${ending}`, 'starts')
    for (const segment of segments)
      await flipSegment(image, segment, ending === 'stopped', tally, rate)
    rate.end()
  }
}

async function flipSegment(
  image: Image,
  segment: Segment,
  stopped: boolean,
  tally: Tally,
  rate: Rate,
): Promise<void> {
  for (let at = 0; at < segment.bytes.length; at++) {
    const position = segment.start + at
    if (position >= image.log.end) break
    // Not read at a start: a checkpoint has what was in it.
    if (at >= SEGMENT_HEADER_BYTES && position < image.log.checkpoint) continue
    const expected = expectedWith(image, segment, position, stopped)
    for (let bit = 0; bit < BITS; bit++) {
      const bytes = segment.bytes.slice()
      bytes[at]! ^= 1 << bit
      const what = `bit ${bit} of position ${position}`
      await check(image, withFile(image.files, segment.path, bytes), expected, stopped, what, tally)
      rate.count()
    }
    await turn()
  }
}

async function check(
  image: Image,
  files: Image['files'],
  expected: Expected,
  stopped: boolean,
  what: string,
  tally: Tally,
): Promise<void> {
  tally.trials++
  let started: Started
  try {
    started = await startOn(image, files)
  } catch (error) {
    tally.startFailures++
    return complain(`startFailures: ${what}: ${String(error)}`)
  }
  const { lost, invented } = differences(image, expected.messages, started)
  tally.lost += lost.length
  tally.invented += invented.length
  for (const text of [...lost, ...invented]) complain(`lost or invented: ${what}: ${text}`)
  const said = misreported(started.report, expected, stopped)
  if (said !== undefined) {
    tally.misreported++
    complain(`misreported: ${what}: ${said}`)
  }
  // A cut tail cannot be told from a torn one, which never was on disk: no reason to doubt.
  const unflagged = expected.tail ? [] : unflaggedOf(started, image.delivered)
  tally.duplicatesUnflagged += unflagged.length
  for (const place of unflagged) complain(`duplicatesUnflagged: ${what}: ${place}`)
}

/** Delivered before the damage, and not shown as redelivered. */
function unflaggedOf({ served }: Started, delivered: ReadonlySet<string>): string[] {
  const places = served
    .filter(({ message }) => !message.redelivered)
    .map(({ name, message }) => {
      return `${NAMES.indexOf(name) + 1}/${message.id}`
    })
  return places.filter((place) => delivered.has(place))
}

/** What the report says that is not so; undefined when it is right. */
function misreported(
  { damaged, tailBytesCut, tailMayHoldConfirmed, cleanStop }: RecoveryReport,
  expected: Expected,
  stopped: boolean,
): string | undefined {
  const said = {
    damaged: damaged.map(({ position, bytes }) => ({ position, bytes })),
    tail: tailBytesCut > 0,
    tailMayHoldConfirmed,
    cleanStop,
  }
  const { tail } = expected
  const is = {
    damaged: expected.damaged,
    tail,
    tailMayHoldConfirmed: tail,
    cleanStop: stopped,
  }
  const [a, b] = [JSON.stringify(said), JSON.stringify(is)]
  return a === b ? undefined : `${a} where ${b} is the case`
}

/** After an orderly stop the manifest says where the log ended: then its last group is no tail. */
function expectedWith(
  { log }: Image,
  segment: Segment,
  position: number,
  stopped: boolean,
): Expected {
  const all = { messages: messagesAfter(log.entries), damaged: [], tail: false }
  if (position < segment.start + SEGMENT_HEADER_BYTES) {
    return { ...all, damaged: [{ position: segment.start, bytes: SEGMENT_HEADER_BYTES }] }
  }
  const last = log.groups.at(-1)!
  const entry = log.entries.find(({ start, end }) => position >= start && position < end)
  const header = log.groups.find(({ start }) => {
    return position >= start && position < start + GROUP_HEADER_BYTES
  })
  if (entry === undefined && header === undefined) return all
  if (position >= last.start && !stopped)
    return cutExpected(log.entries, entry?.start ?? last.start)
  if (entry !== undefined) return damagedExpected(log.entries, entry)
  return { ...all, damaged: [{ position: header!.start, bytes: GROUP_HEADER_BYTES }] }
}

function cutExpected(entries: readonly Entry[], end: number): Expected {
  const messages = messagesAfter(entries.filter(({ start }) => start < end))
  return { messages, damaged: [], tail: true }
}

function damagedExpected(entries: readonly Entry[], entry: Entry): Expected {
  const messages = messagesAfter(entries.filter((other) => other !== entry))
  const { start, paddedEnd } = entry
  return { messages, damaged: [{ position: start, bytes: paddedEnd - start }], tail: false }
}
