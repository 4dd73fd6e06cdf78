import type { Peeked, RecoveryReport } from '@hufu/broker'
import { type Image, NAMES, openImage } from './make-image.ts'
import { type Files, MemoryDisk } from './memory-disk.ts'

/** What a start on a damaged copy gives. */
export interface Started {
  readonly report: RecoveryReport
  readonly served: readonly { name: string; message: Peeked }[]
  readonly files: () => Files
}

const PAGE = 1_000

/** Opens a copy of the image in which some files are others, and looks into every queue. */
export async function startOn(image: Image, changed: Files): Promise<Started> {
  const disk = new MemoryDisk(changed)
  const broker = await openImage(disk, image.segmentBytes)
  const served: { name: string; message: Peeked }[] = []
  const there = new Set(broker.queues().map(({ name }) => name))
  for (const name of NAMES) {
    if (!there.has(name)) continue
    for (let afterId = 0; ; ) {
      const page = await broker.peek(name, { limit: PAGE, afterId })
      for (const message of page) served.push({ name, message })
      if (page.length < PAGE) break
      afterId = page.at(-1)!.id
    }
  }
  return { report: broker.report, served, files: () => disk.files() }
}

/** Where what is served differs from what must be: `lost` and `invented`. */
export function differences(
  image: Image,
  expected: ReadonlyMap<string, string>,
  { served }: Pick<Started, 'served'>,
): { lost: string[]; invented: string[] } {
  const invented: string[] = []
  const found = new Set<string>()
  for (const { name, message } of served) {
    const place = `${NAMES.indexOf(name) + 1}/${message.id}`
    const token = expected.get(place)
    const body = token === undefined ? undefined : image.bodies.get(token)
    if (body === undefined) invented.push(`message ${place}`)
    else if (Buffer.compare(body, message.body) !== 0) invented.push(`body of ${place}`)
    else found.add(place)
  }
  const lost = [...expected.keys()].filter((place) => !found.has(place))
  return { lost: lost.map((place) => `message ${place}`), invented }
}

/** The image with one file changed and others gone. */
export function withFile(
  files: Files,
  path: string,
  bytes: Uint8Array,
  gone: readonly string[] = [],
): Files {
  const changed = new Map(files)
  for (const name of gone) changed.delete(name)
  return changed.set(path, bytes)
}
