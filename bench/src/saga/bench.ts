import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { syncMs } from '../disk-speed.ts'
import { rounded } from '../statistics.ts'
import { openDatabase } from './database.ts'
import { DtmMissing, type DtmProgram, dtmProgram } from './dtm/program.ts'
import { duel } from './duel.ts'
import { type CaseName, type SagaOptions, type StoreName, sagaOptions } from './options.ts'
import { recover } from './recovery.ts'
import { Worker } from './workers.ts'

export const sagaBench: Bench = {
  about: 'Sagas of two branches through an HTTP front, beside one SQL statement per step, and dtm.',
  flags:
    '[--store sqlite|postgres|mariadb] [--case local|http|recovery] [--callers N,N]\n' +
    '      [--seconds 2] [--rounds 3] [--finished 1000000] [--pending 100000] [--peer dtm|none]\n' +
    '      [--dir FOLDER]',
  async run(args, say) {
    const options = sagaOptions(args)
    say(`One sync of 4 KiB takes ${rounded(syncMs(options.dir), 3)} ms here.`)
    const dtm = await findDtm(options, say)
    const cases = []
    for (const store of options.stores) {
      for (const name of options.cases) {
        const result = await inFolder(options, (folder) =>
          runCase({ store, name, folder, options, dtm, say }),
        )
        if (result !== undefined) cases.push({ store, case: name, ...result })
      }
    }
    return { cases, dtm: dtm?.version ?? 'not here', syncMs: rounded(syncMs(options.dir), 3) }
  },
}

interface Run {
  readonly store: StoreName
  readonly name: CaseName
  readonly folder: string
  readonly options: SagaOptions
  readonly dtm: DtmProgram | undefined
  readonly say: (text: string) => void
}

async function runCase(given: Run): Promise<object | undefined> {
  const { store, name, folder, options, dtm, say } = given
  const database = await openDatabase(store, folder, say)
  if (database === undefined) return undefined
  try {
    say(`${store}, ${name}`)
    if (name === 'recovery') return await recover({ url: database.url, folder, options, say })
    const remote = name === 'http'
    const participants = remote ? await Worker.start('participants-worker.ts') : undefined
    try {
      return { callers: await duel({ database, folder, participants, options, dtm, say }) }
    } finally {
      await participants?.end()
    }
  } finally {
    await database.end()
  }
}

async function inFolder<T>({ dir }: SagaOptions, run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(dir, 'hufu-bench-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Said where it is not there: the coordinator with a statement per step has dtm's pattern. */
async function findDtm(
  { peer, cases }: SagaOptions,
  say: (text: string) => void,
): Promise<DtmProgram | undefined> {
  if (peer === 'none' || !cases.includes('http')) return undefined
  try {
    return await dtmProgram(say)
  } catch (error) {
    if (!(error instanceof DtmMissing)) throw error
    say(`dtm is not here, and not measured: ${error.message}`)
    return undefined
  }
}
