import type { PlantedBug } from './bug.ts'

const LOG = 'broker/src/log'

/** What a log can get wrong. */
export const LOG_BUGS: readonly PlantedBug[] = [
  {
    name: 'confirm-before-sync',
    file: `${LOG}/commit-log.ts`,
    find: 'else if (last !== undefined) last.waiters.push(waiter)',
    replace: 'else if (last !== undefined) waiter()',
    why: 'a publisher hears of a message that a power cut takes away',
  },
  {
    name: 'visible-before-durable',
    file: `${LOG}/commit-log.ts`,
    find: 'await segment.file.write(bytes, position - segment.base)',
    replace: 'void segment.file.write(bytes, position - segment.base).catch((e) => this.fail(e))',
    why: 'consumers get a message, and settle it, before it is on disk',
  },
  {
    name: 'no-checksum',
    file: `${LOG}/entry.ts`,
    find: [' !== view.getUint32(at, true)) return false', '  loadEntry('].join('\n'),
    replace: ' < 0) return false\n  loadEntry(',
    why: 'a torn entry is taken for whole',
  },
  {
    name: 'position-not-in-checksum',
    file: `${LOG}/checksum.ts`,
    find: 'let hash = log ^ Math.imul(position >>> 0, 0x9e37_79b1)',
    replace: 'let hash = log',
    why: 'what a recycled file still holds is taken for what was written there last',
  },
  {
    name: 'tail-not-cut',
    file: `${LOG}/recover.ts`,
    find: 'this.#end = result.end\n',
    replace: 'this.#end = result.end + ((result.tailBytesCut + 7) & ~7)\n',
    why: 'the log goes on behind a torn group, which the next start finds in its midst',
  },
  {
    name: 'tail-not-rewritten',
    file: `${LOG}/recover.ts`,
    find: '    await segment.file.write(bytes, from - segment.base)\n',
    replace: '',
    why: 'after a kill the last group is in the page cache only, and served all the same',
  },
  {
    name: 'sync-retried',
    file: `${LOG}/commit-log.ts`,
    find: 'await segment.file.write(bytes, position - segment.base)',
    replace:
      'await segment.file.write(bytes, position - segment.base).catch(() => segment.file.sync())',
    why: 'a second sync succeeds without having written what the first one lost',
  },
  {
    name: 'directory-not-synced',
    file: `${LOG}/segments.ts`,
    find: '    await disk.rename(spare.path, `${dir}/${name}`)\n    await disk.syncDir(dir)\n',
    replace: '    await disk.rename(spare.path, `${dir}/${name}`)\n',
    why: 'a power cut takes away the name of a file that holds confirmed messages',
  },
  {
    name: 'names-not-synced-at-start',
    file: `${LOG}/recover.ts`,
    find: '    await this.#os.disk.syncDir(this.#dir)\n',
    replace: '',
    why: 'a segment that a killed process has renamed is written to before its name is durable',
  },
  {
    name: 'segment-freed-too-early',
    file: 'broker/src/engine/retain.ts',
    find: 'used || segment.liveCount > 0 || ',
    replace: 'used || ',
    why: 'messages that still wait are in the freed file',
  },
  {
    name: 'settle-lost-with-its-segment',
    file: 'broker/src/engine/retain.ts',
    find: ' || segment.base + segment.capacity >= covered) continue',
    replace: ') continue',
    why: 'the freed file holds the settle of a message that lives elsewhere',
  },
  {
    name: 'straggler-lost',
    file: 'broker/src/engine/state.ts',
    find: '      this.live.add(entry.position, before.size, 1)\n',
    replace: '',
    why: 'a message that was copied forward does not keep its new segment alive',
  },
  {
    name: 'spare-file-shared',
    file: `${LOG}/segments.ts`,
    find: '${SPARE_PREFIX}${++this.#spareNames}${SEGMENT_SUFFIX}',
    replace: '${SPARE_PREFIX}${this.#spareNames}${SEGMENT_SUFFIX}',
    why: 'two spare segments are one file',
  },
  {
    name: 'clean-stop-behind-torn-group',
    file: `${LOG}/recover.ts`,
    find: '    if (this.#tailBytesCut > 0) return false\n',
    replace: '',
    why: 'a life that only got a group header onto the disk counts as one that stopped in order',
  },
  {
    name: 'checkpoint-over-the-newest',
    file: `${LOG}/checkpoint-file.ts`,
    find: 'newest?.path.endsWith(NAMES[0]) ? NAMES[1] : NAMES[0]',
    replace: 'NAMES[0]',
    why: 'a crash in the midst of it leaves no checkpoint, while segments before it are freed',
  },
]
