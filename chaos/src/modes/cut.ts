import { setImmediate as turn } from 'node:timers/promises'
import { type Entry, messagesAfter, type Segment } from '../image/log-map.ts'
import { type Image, makeImage } from '../image/make-image.ts'
import type { Files } from '../image/memory-disk.ts'
import { differences, startOn, withFile } from '../image/start.ts'
import { Rate } from '../run/rate.ts'
import { complain, type Tally } from '../run/tally.ts'

const SEGMENT_HEADER_BYTES = 64
/** Of so many cuts one is started on twice. */
const TWICE_EVERY = 17

/** What stands behind the cut. */
const BEHIND = ['nothing', 'zeros', 'stale'] as const
type Behind = (typeof BEHIND)[number]

/** The log cut at every byte of its last `bytes`. */
export async function cutMode(bytes: number, seed: number, tally: Tally): Promise<void> {
  // A little more log, so that something stands before the first cut.
  const image = await makeImage(bytes + bytes / 8, seed, 'killed')
  const { log } = image
  complain(
    `${log.segments.length} segments, ${log.groups.length} groups, ${log.entries.length} entries`,
  )
  for (const behind of BEHIND) {
    const rate = new Rate(`cut, ${behind} behind`, 'starts')
    for (let at = Math.max(log.checkpoint, log.end - bytes); at < log.end; at++) {
      // A segment gets its name after its header: an older header never stands in it.
      if (behind === 'stale' && isHeader(log.segments, at)) continue
      await cutAt(image, at, behind, tally)
      rate.count()
      await turn()
    }
    rate.end()
  }
}

function isHeader(segments: readonly Segment[], at: number): boolean {
  return segments.some(({ start }) => at >= start && at < start + SEGMENT_HEADER_BYTES)
}

async function cutAt(image: Image, at: number, behind: Behind, tally: Tally): Promise<void> {
  const { segments, entries } = image.log
  const index = segments.findLastIndex(({ start }) => start <= at)
  const segment = segments[index]!
  const stale = segments[index === 0 ? 1 : index - 1]!
  const bytes = cutBytes(segment, stale, at - segment.start, behind)
  const files = cutFiles(image, index, bytes, behind)
  const whole = entries.filter((entry) => isWhole(entry, at, segment, bytes))
  const expected = messagesAfter(whole)
  const what = `cut at ${at}, ${behind} behind`
  tally.trials++
  const after = await startAndCompare(image, files, expected, what, tally)
  if (at % TWICE_EVERY !== 0 || after === undefined) return
  await startAndCompare(image, after, expected, `${what}, started again`, tally)
}

/** Resolves with what is on the disk afterwards; undefined when it did not start. */
async function startAndCompare(
  image: Image,
  files: Files,
  expected: ReadonlyMap<string, string>,
  what: string,
  tally: Tally,
): Promise<Files | undefined> {
  try {
    const started = await startOn(image, files)
    const { lost, invented } = differences(image, expected, started)
    tally.lost += lost.length
    tally.invented += invented.length
    for (const text of [...lost, ...invented]) complain(`lost or invented: ${what}: ${text}`)
    if (started.report.damaged.some((damage) => !isOfCut(damage, image.log.segments))) {
      tally.misreported++
      complain(`misreported: ${what}: ${JSON.stringify(started.report)}`)
    }
    return started.files()
  } catch (error) {
    tally.startFailures++
    complain(`startFailures: ${what}: ${String(error)}`)
    return undefined
  }
}

/**
 * A cut may show as a damaged segment header, or as a file that is too short; as no other. One
 * within the header of the last segment takes away what says how long the file was.
 */
function isOfCut(
  { position, bytes }: { position: number; bytes: number },
  segments: readonly Segment[],
): boolean {
  return segments.some(({ start, end }) => {
    const isHeader = position === start && bytes === SEGMENT_HEADER_BYTES
    const lengthGone = position >= start && position < start + SEGMENT_HEADER_BYTES
    return isHeader || lengthGone || (position >= start && position + bytes === end)
  })
}

function cutBytes(segment: Segment, stale: Segment, at: number, behind: Behind): Uint8Array {
  if (behind === 'nothing') return segment.bytes.slice(0, at)
  const bytes = segment.bytes.slice()
  if (behind === 'zeros') bytes.fill(0, at)
  else bytes.set(stale.bytes.subarray(at), at)
  return bytes
}

/** The segment behind the cut one was laid out by then; those further on were not. */
function cutFiles(image: Image, index: number, bytes: Uint8Array, behind: Behind): Files {
  const { segments } = image.log
  const later = segments.slice(index + 1)
  const gone = later.map(({ path }) => path)
  const cut = withFile(image.files, segments[index]!.path, bytes, gone)
  const next = later[0]
  if (behind === 'nothing' || next === undefined) return cut
  const laidOut = new Uint8Array(next.bytes.length)
  // Never its own bytes: those are what is cut off.
  if (behind === 'stale') laidOut.set(segments[index]!.bytes)
  laidOut.set(next.bytes.subarray(0, SEGMENT_HEADER_BYTES))
  return withFile(cut, next.path, laidOut)
}

/** Wholly before the cut; also when what was cut off is by chance the same as what stands there. */
function isWhole({ start, end }: Entry, at: number, segment: Segment, bytes: Uint8Array): boolean {
  if (end <= at) return true
  if (start >= at) return false
  const from = start - segment.start
  const padded = new Uint8Array(end - start)
  padded.set(bytes.subarray(from, end - segment.start))
  return Buffer.compare(padded, segment.bytes.subarray(from, end - segment.start)) === 0
}
