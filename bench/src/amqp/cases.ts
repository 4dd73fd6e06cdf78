import type { Load } from './load.ts'

/** A load without its server; `group` is what `--case` names. */
export interface Case extends Omit<Load, 'url' | 'pid' | 'seconds' | 'queueArguments'> {
  readonly group: string
  readonly name: string
}

const PUBLISH = {
  ...{ queues: 1, persistent: true, publishers: 1, window: 1_000, perSecond: 0 },
  ...{ consumers: 0, prefetch: 200, noAck: false },
}
const CONSUME = { ...PUBLISH, consumers: 1 }
const KIB = 1_024
/** So many confirms may be missing while a paced load runs. */
const OPEN_WINDOW = 65_000

export const CASES: readonly Case[] = [
  ...[100, KIB].flatMap((bytes) =>
    [1, 4].flatMap((publishers) =>
      [1, 100, 1_000].map((window) => {
        const name = `${size(bytes)}, ${publishers} × window ${window}`
        return { ...PUBLISH, group: 'publish', name, bytes, publishers, window }
      }),
    ),
  ),
  ...[100, KIB].map((bytes) => {
    const name = `publish, consume, ack ${size(bytes)}, 1 + 1`
    return { ...CONSUME, group: 'consume', name, bytes }
  }),
  {
    ...{ ...CONSUME, group: 'consume', name: 'publish, consume, ack 1 KiB, 4 + 4', bytes: KIB },
    ...{ publishers: 4, window: 250, consumers: 4 },
  },
  {
    ...CONSUME,
    group: 'unconfirmed',
    name: 'persistent, no confirms 1 KiB',
    bytes: KIB,
    window: 0,
  },
  ...[100, KIB].map((bytes) => ({
    ...{ ...CONSUME, group: 'transient', name: `transient, no acks ${size(bytes)}`, bytes },
    ...{ window: 0, persistent: false, noAck: true },
  })),
  {
    ...{ ...CONSUME, group: 'fanout', name: 'fan-out 1:10 1 KiB, deliveries', bytes: KIB },
    ...{ queues: 10, consumers: 10, window: 100 },
  },
  {
    ...{
      ...CONSUME,
      group: 'many',
      name: '50 publishers, window 1, 50 consumers 1 KiB',
      bytes: KIB,
    },
    ...{ publishers: 50, consumers: 50, window: 1, prefetch: 10 },
  },
  {
    ...{ ...CONSUME, group: 'paced', name: 'paced 3,000/s 1 KiB, 1 + 1', bytes: KIB },
    ...{ perSecond: 3_000, window: OPEN_WINDOW },
  },
  {
    ...{ ...CONSUME, group: 'paced', name: 'paced 20,000/s 1 KiB, 4 + 4', bytes: KIB },
    ...{ perSecond: 20_000, window: OPEN_WINDOW, publishers: 4, consumers: 4 },
  },
]

function size(bytes: number): string {
  return bytes === KIB ? '1 KiB' : `${bytes} B`
}
