import type { TransactionStatus } from '../ports/transactions.ts'
import { isDone } from './branch.ts'
import { isOpen } from './draft.ts'
import type { Word } from './person.ts'
import { senseless } from './person.ts'
import { turnBack } from './saga-forward.ts'
import type { SagaRun } from './saga-run.ts'

/** Works in a person's word; throws `GLOBAL_STATE` where it makes no sense. */
export function takeWord(run: SagaRun, status: TransactionStatus, word: Word): void {
  if (word.type === 'stop') stop(run, word)
  else if (word.type === 'skip') skip(run, word)
  else if (word.type === 'retry') retry(run, status, word)
  else if (word.to === 'commit') commit(run, status, word)
  else rollBack(run, status, word)
}

function stop(run: SagaRun, { detail }: Word<'stop'>): void {
  run.stopped = { code: 'STOPPED', detail }
  run.draft.giveUpAll()
  run.draft.changed = true
}

function retry(run: SagaRun, status: TransactionStatus, word: Word): void {
  const op = run.phase === 'forward' ? 'action' : 'compensate'
  if (!run.draft.reopen((each) => each === op)) throw senseless(word, 'nothing is open')
  // The time is over already: the person knows.
  if (status === 'inDoubt') run.deadlineAt = null
}

function commit(run: SagaRun, status: TransactionStatus, word: Word): void {
  if (run.phase === 'backward') throw senseless(word, 'it is being undone')
  if (status === 'running') throw senseless(word, 'it is on its way there')
  retry(run, status, word)
}

function rollBack(run: SagaRun, status: TransactionStatus, word: Word): void {
  if (run.phase === 'backward') {
    if (status === 'running') throw senseless(word, 'it is on its way there')
    return retry(run, status, word)
  }
  const { pivot } = run
  const decision = pivot && run.action(pivot)
  if (run.decided || isDone(decision)) throw senseless(word, 'it is decided; only forward is left')
  if (decision?.state === 'calling') throw senseless(word, `${pivot!.name} is being called`)
  turnBack(run, { code: 'RESOLVED', detail: 'rolled back by a person' })
  if (decision?.state === 'exhausted') run.draft.giveUp(pivot!.name, 'action')
}

function skip(run: SagaRun, word: Word<'skip'>): void {
  const { branch, detail } = word
  const action = run.draft.get(branch, 'action')
  const undo = run.draft.get(branch, 'compensate')
  const backward = run.phase === 'backward'
  if (backward && action?.state === 'calling') return run.draft.giveUp(branch, 'action')
  const operation = backward ? undo : action
  if (!isOpen(operation)) throw senseless(word, 'it has no open operation')
  run.draft.skip(branch, backward ? 'compensate' : 'action', detail)
}
