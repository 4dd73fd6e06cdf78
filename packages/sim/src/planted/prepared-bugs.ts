import type { PlantedBug } from './bug.ts'

const ENGINE = 'broker/src/engine'

/** What half messages and batches can get wrong. */
export const PREPARED_BUGS: readonly PlantedBug[] = [
  {
    name: 'half-visible-after-crash',
    file: `${ENGINE}/batches.ts`,
    find: 'if (this.table.ofBatch(number) === undefined) this.#end(number, false, 0, 0)',
    replace: 'this.#end(number, this.table.ofBatch(number) !== undefined, 1e6 + number * 100, 0)',
    why: 'a restart shows what was never committed',
  },
  {
    name: 'batch-half-applied',
    file: `${ENGINE}/batches.ts`,
    find: '    if (commit) this.#actAll(batch, firstId + batch.messages.length)\n',
    replace: '',
    why: 'the messages of a batch appear, and its settles are forgotten',
  },
  {
    name: 'asking-counted-without-producer',
    file: 'broker/src/prepared/check-back.ts',
    find: "    if (answer === 'none' && gone) return this.#wait(prepared)\n",
    replace: '    void gone\n',
    why: 'a producer that went before it could answer uses up an asking',
  },
  {
    name: 'asked-too-early',
    file: `${ENGINE}/prepare.ts`,
    find: '      nextAt: now + firstMs,\n',
    replace: '      nextAt: now,\n',
    why: 'the producer is asked while its local transaction runs',
  },
  {
    name: 'decision-forgotten',
    file: 'broker/src/prepared/table.ts',
    find: '    this.remember({ batch, transactionId, outcome, at })\n',
    replace: '',
    why: 'a repeated word is not answered with what was decided',
  },
  {
    name: 'parked-before-the-last-asking',
    file: 'broker/src/prepared/check-back.ts',
    find: 'const parked = checks >= prepared.checksMax',
    replace: 'const parked = checks + 1 >= prepared.checksMax',
    why: 'a transaction is given up one asking too early',
  },
]
