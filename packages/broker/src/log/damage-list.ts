import { SEGMENT_HEADER_BYTES } from './layout.ts'
import type { Damage } from './scan.ts'
import { type FoundSegment, type Segment, segmentName } from './segment.ts'

/** Collects what was durable once and fails its checksum, or is missing, for the report. */
export class DamageList {
  readonly all: { segment: string; position: number; bytes: number }[] = []

  add({ base }: Segment, { position, bytes }: Damage): void {
    this.all.push({ segment: segmentName(base), position, bytes })
  }

  /** The file is shorter than it was laid out: what stood behind its end is lost. */
  addShort(segment: FoundSegment): void {
    const { base, foundBytes, capacity } = segment
    const position = base + foundBytes
    const known = this.all.some((one) => {
      return one.position <= position && position < one.position + one.bytes
    })
    if (known || foundBytes >= capacity) return
    this.add(segment, { position, bytes: capacity - foundBytes })
  }

  addHeaders(segments: readonly FoundSegment[]): void {
    for (const segment of segments) {
      if (!segment.headerDamaged) continue
      this.add(segment, { position: segment.base, bytes: SEGMENT_HEADER_BYTES })
    }
  }
}
