/** Rare paths that a long run of worlds with global transactions must have taken. */
export const GLOBAL_MARKS = {
  takeover: 'a coordinator took a transaction over from another one',
  leaseLost: 'a paused coordinator woke up and found its lease gone',
  fencedSave: 'a coordinator saved what another one had taken over',
  diedAtStore: 'a coordinator died at a call of its store',
  diedAtCall: 'a coordinator died at a call of a participant',
  emptyUndo: 'an undoing found nothing to undo',
  hangingCall: 'a call came after its undoing, and did nothing',
  repeatedCall: 'a call came again, and did nothing',
  deadlinePassed: 'a deadline had what was done undone',
  exhausted: 'the attempts of an operation were used up',
  inDoubt: 'a pivot was left in doubt',
  refused: 'a participant refused, and what was done was undone',
  lostCommit: 'a commit succeeded, and its answer was lost',
  commitAfterError: 'a commit took effect after its client was told of an error',
  repeatedBegin: 'the same id was begun again',
  checkedCommitted: 'a check-back found the local transaction committed',
  checkedRolledBack: 'a check-back kept the local transaction from committing',
  retriedByPerson: 'a person had a transaction tried again',
  stoppedByPerson: 'a person stopped a transaction',
  skippedByPerson: 'a person had an operation count as done',
  resolvedByPerson: 'a person chose the end of a transaction',
  storeClockJump: 'the clock of the database jumped',
} as const

export type GlobalMark = keyof typeof GLOBAL_MARKS
