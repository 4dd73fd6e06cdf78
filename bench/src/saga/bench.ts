import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { syncMs } from '../disk-speed.ts'
import { rounded } from '../statistics.ts'
import { openDatabase } from './database.ts'
import { duel } from './duel.ts'
import { type CaseName, type SagaOptions, type StoreName, sagaOptions } from './options.ts'
import { recover } from './recovery.ts'
import { Worker } from './workers.ts'

/** Not measured yet. */
const DTM =
  'dtm itself: not measured; the coordinator with one statement per step stands for its pattern'

export const sagaBench: Bench = {
  about: 'Sagas of two branches through an HTTP front, beside one SQL statement per step.',
  flags:
    '[--store sqlite|postgres|mariadb] [--case local|http|recovery] [--callers N,N]\n' +
    '      [--seconds 2] [--rounds 3] [--finished 1000000] [--pending 100000] [--dir FOLDER]',
  async run(args, say) {
    const options = sagaOptions(args)
    say(`One sync of 4 KiB takes ${rounded(syncMs(options.dir), 3)} ms here. ${DTM}`)
    const cases = []
    for (const store of options.stores) {
      for (const name of options.cases) {
        const result = await inFolder(options, (folder) =>
          runCase({ store, name, folder, options, say }),
        )
        if (result !== undefined) cases.push({ store, case: name, ...result })
      }
    }
    return { cases, dtm: 'not measured', syncMs: rounded(syncMs(options.dir), 3) }
  },
}

interface Run {
  readonly store: StoreName
  readonly name: CaseName
  readonly folder: string
  readonly options: SagaOptions
  readonly say: (text: string) => void
}

async function runCase({ store, name, folder, options, say }: Run): Promise<object | undefined> {
  const database = await openDatabase(store, folder, say)
  if (database === undefined) return undefined
  try {
    say(`${store}, ${name}`)
    if (name === 'recovery') return await recover({ url: database.url, folder, options, say })
    const remote = name === 'http'
    const participants = remote ? await Worker.start('participants-worker.ts') : undefined
    try {
      return { callers: await duel({ database, folder, participants, options, say }) }
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
