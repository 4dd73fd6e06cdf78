import { checkTexts } from './limits.ts'
import { BARRIER, type BarrierKey, type BarrierPort, type BarrierRecord, RESULTS } from './port.ts'
import type { Opened } from './session.ts'
import type { ModelTx, Row } from './tx.ts'

type Result = Row & { readonly result: string }

/** What each undoing undoes. Said anew here, so that the model does not share a mistake. */
const UNDOES: Readonly<Record<string, string>> = {
  cancel: 'try',
  compensate: 'action',
  rollback: 'action',
}

export function createBarrier(opened: Opened): BarrierPort {
  return {
    async enter(tx, key) {
      check(key)
      const at = opened().database.now()
      const undone = UNDOES[key.op]
      const empty = undone !== undefined && (await insert(tx, key, undone, at))
      if (!(await insert(tx, key, key.op, at))) return 'repeat'
      return empty ? 'empty' : 'go'
    },
    async keep(tx, key, result) {
      check(key)
      await tx.put(RESULTS, barrierKey(key), { result } as Result)
    },
    result: async (tx, key) => tx.get<Result>(RESULTS, barrierKey(key))?.result,
  }
}

async function insert(tx: ModelTx, key: BarrierKey, op: string, at: number): Promise<boolean> {
  const name = barrierKey({ ...key, op })
  await tx.lock(BARRIER, name)
  if (tx.get(BARRIER, name) !== undefined) return false
  await tx.put(BARRIER, name, { ...key, op, reason: key.op, at } as BarrierRecord)
  return true
}

function barrierKey({ gid, branch, op, barrier }: BarrierKey): string {
  return JSON.stringify([gid, branch, op, barrier])
}

function check({ gid, branch, op, barrier }: BarrierKey): void {
  const ids = { gid: [gid, 128], branch: [branch, 128] } as const
  checkTexts('Entering the barrier', { ...ids, op: [op, 45], barrier: [barrier, 45] })
}
