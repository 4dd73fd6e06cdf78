/** Rare paths that a long run must have taken, each with what it means. */
export const MARKS = {
  tornTail: 'recovery cut a torn tail',
  cleanStop: 'a start after an orderly stop',
  crashInRecovery: 'the process ended while it recovered',
  powerCut: 'a power cut',
  kill: 'a kill',
  checkpointUsed: 'a start began at a checkpoint',
  segmentFreed: 'a segment was freed',
  segmentRecycled: 'a freed segment was used again',
  stragglerCopy: 'a message was copied forward',
  suspectMarked: 'an attempt was counted for a delivery that a crash cut off',
  poisonEnded: 'crashes alone used up the attempts of a message',
  deadLetter: 'a message was dead-lettered',
  parkedInBroker: 'a message was parked in the broker',
  queueFull: 'a publish was refused by a full queue',
  noSpace: 'a publish was refused by a full disk',
  drainedFull: 'a settle was stored on a full disk',
  logFailed: 'a failed write stopped the broker',
  startFailed: 'a disk error stopped a start',
  cacheDropped: 'the page cache forgot what a failed write had left',
  delayedOverRestart: 'a delayed message came in a later life',
  keyBlocked: 'a failed message held back its key',
  releasedByClose: 'a closed consumer gave messages back',
  batchCommitted: 'a batch of publishes and settles was committed',
  numberedConfirmed: 'a publisher heard by number that its messages are stored',
  numberedRefused: 'messages of a publisher were refused after they had been taken',
  routedRefused: 'of a batch one message was refused alone',
  deadLetterRouted: 'a router sent a dead letter on',
  givenUpByRouter: 'a router had a message dropped or parked',
  expired: 'a message whose time to live was over is gone',
  expiredIntoDead: 'a message was dead-lettered because its time to live was over',
  forNowDelivered: 'a message with a time to live of 0 was delivered',
  overflowed: 'a message gave way because its queue had too many',
  requeueCounted: 'a message came again from a queue that counts what is put back',
  changeFound: 'a change of a queue was found in a later life',
  requeued: 'a message that was put back at once came again',
  pulled: 'a consumer pulled a message',
  pulledNone: 'a consumer pulled in vain',
  purged: 'a purge took messages',
  purgeKept: 'a message in delivery outlived a purge of its queue',
  recordsFound: 'records of an earlier life were found',
  backupLookedInto: 'a backup was opened and compared',
  askedAfterRestart: 'a producer was asked for a transaction of an earlier life',
  transactionParked: 'a transaction was asked for in vain until it was parked',
  halfOrder: 'the library sent a half message and committed it',
  lateCommit: 'a transaction committed after one that began later',
  lockWait: 'a transaction waited for a row of another one',
  parkedWork: 'the library parked work',
  clockJump: 'the wall clock jumped',
} as const

export type Mark = keyof typeof MARKS

/** What happened in one world. */
export class Marks {
  readonly seen = new Set<Mark>()

  add(mark: Mark): void {
    this.seen.add(mark)
  }
}
