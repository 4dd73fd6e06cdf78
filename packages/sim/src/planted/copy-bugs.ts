import type { PlantedBug } from './bug.ts'

const ENGINE = 'broker/src/engine'

/** What publishers that confirm by number, records, and backups can get wrong. */
export const COPY_BUGS: readonly PlantedBug[] = [
  {
    name: 'publisher-confirms-what-comes',
    file: `${ENGINE}/publisher.ts`,
    find: 'this.#options.onConfirmed(to)',
    replace: 'this.#options.onConfirmed(this.#last)',
    why: 'messages that came after the written ones count as stored with them',
  },
  {
    name: 'publisher-refusal-cut-short',
    file: `${ENGINE}/publisher.ts`,
    find: 'this.#options.onRefused(from, to, error)',
    replace: 'this.#options.onRefused(to, to, error)',
    why: 'of a refused batch the publisher hears of the last message only',
  },
  {
    name: 'routed-refusal-takes-neighbours',
    file: `${ENGINE}/routed-publisher.ts`,
    find: 'if (error !== undefined || kept) targets.length = before',
    replace: 'if (kept) targets.length = before',
    why: 'a message that was refused for one of its queues is stored in the others',
  },
  {
    name: 'routed-confirmed-out-of-turn',
    file: `${ENGINE}/routed-publisher.ts`,
    find: '    while (this.#open[0]?.decided) upTo = this.#open.shift()!.last\n',
    replace: '    upTo = parcel.last\n',
    why: 'a message that goes nowhere confirms those before it, which are not on disk',
  },
  {
    name: 'records-not-in-checkpoint',
    file: `${ENGINE}/checkpoint.ts`,
    find: '  yield* state.records.blocks(recordsHead())\n',
    replace: '',
    why: 'records go with the segment in which they were put',
  },
  {
    name: 'records-confirmed-before-sync',
    file: `${ENGINE}/record-keeper.ts`,
    find: '        log.onDurable(over)\n',
    replace: '        over()\n',
    why: 'a put that was confirmed is lost in a crash',
  },
  {
    name: 'backup-while-freeing',
    file: `${ENGINE}/backup.ts`,
    find: 'const release = await retainer.hold()',
    replace: 'const release = () => void retainer',
    why: 'segments are freed and used again while they are copied',
  },
  {
    name: 'backup-not-synced',
    file: `${ENGINE}/backup.ts`,
    find: '    await target.sync()\n',
    replace: '',
    why: 'a power cut takes away the bytes of a backup that was reported as made',
  },
  {
    name: 'backup-name-not-synced',
    file: `${ENGINE}/backup.ts`,
    find: '    await syncNames(disk, resolve(to))\n',
    replace: '',
    why: 'a power cut takes away the folder of a backup that was reported as made',
  },
]
