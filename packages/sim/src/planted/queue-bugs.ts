import type { PlantedBug } from './bug.ts'

const ENGINE = 'broker/src/engine'
const QUEUE = 'broker/src/queue'

/** What queues can get wrong. */
export const QUEUE_BUGS: readonly PlantedBug[] = [
  {
    name: 'settle-confirmed-before-sync',
    file: `${ENGINE}/settle.ts`,
    find: 'await Promise.all([this.#engine.log.durable(), ...givenUp])',
    replace: 'await Promise.all(givenUp)',
    why: 'a consumer hears that its word is stored, and gets the message again',
  },
  {
    name: 'redelivery-count-lost',
    file: `${QUEUE}/ack-queue.ts`,
    find: 'return row.id <= this.suspectUpTo && row.exact !== true',
    replace: 'return false && row.exact !== true',
    why: 'a delivery that a crash cut off is not counted, and not flagged',
  },
  {
    name: 'attempts-not-in-checkpoint',
    file: `${ENGINE}/checkpoint.ts`,
    find: 'return { ...row, state, exact: false',
    replace: 'return { ...row, attempts: 0, state, exact: false',
    why: 'failed deliveries before a checkpoint are forgotten',
  },
  {
    name: 'flag-lost-when-clock-goes-back',
    file: `${QUEUE}/ack-queue.ts`,
    find: '    if (row.id <= this.suspectUpTo) row.redelivered = true\n',
    replace: '',
    why: 'a delayed message that came looks as if it were not due yet',
  },
  {
    name: 'id-confused-with-location',
    file: `${QUEUE}/ack-queue.ts`,
    find: '    row.position = position\n',
    replace: '',
    why: 'a copied message is looked for where it was',
  },
  {
    name: 'order-broken-at-requeue',
    file: `${QUEUE}/ack-queue.ts`,
    find: "if (back.state === 'parked') this.#leaveKey(row)",
    replace: "if (back.state !== 'ready') this.#leaveKey(row)",
    why: 'later messages of a key overtake one that is to be tried again',
  },
  {
    name: 'dead-letter-not-atomic',
    file: `${ENGINE}/state.ts`,
    find: '    if (message.originBytes > 0) this.#leaveOrigin(readOrigin(entry.bytes, message))\n',
    replace: '',
    why: 'a dead-lettered message stays in its queue too',
  },
  {
    name: 'router-not-heard',
    file: `${ENGINE}/dead-letter.ts`,
    find: 'return { copy: { ...copy, properties: route.properties }, targets }',
    replace: 'return { copy, targets }',
    why: 'a dead letter keeps the properties that it had',
  },
  {
    name: 'expiry-forgotten-at-delivery',
    file: `${ENGINE}/tender.ts`,
    find: 'if (time() < this.#expiry) return',
    replace: 'if (wanted || time() < this.#expiry) return',
    why: 'what comes up late is delivered all the same',
  },
  {
    name: 'expiry-flag-not-in-checkpoint',
    file: `${ENGINE}/checkpoint.ts`,
    find: '  queue.expiring = expiring ?? false\n',
    replace: '',
    why: 'after a start from a checkpoint nobody looks for what has expired',
  },
  {
    name: 'overflow-only-in-memory',
    file: `${ENGINE}/tender.ts`,
    find: "      this.#leave(queue, head, TOO_MUCH, 'maxlen')",
    replace: '      queue.remove(queue.take(head, "settling").id)',
    why: 'what gave way is neither in its queue nor in the dead-letter queue',
  },
  {
    name: 'poison-never-ends',
    file: `${QUEUE}/redelivery.ts`,
    find: 'maxAttempts === 0 || attempts < maxAttempts',
    replace: 'maxAttempts >= 0 || attempts < maxAttempts',
    why: 'a message that always fails comes for ever',
  },
  {
    name: 'delayed-too-early',
    file: `${ENGINE}/due-timer.ts`,
    find: 'while (due.peekDue() <= time() && due.pop())',
    replace: 'while (due.peekDue() <= time() + 3 && due.pop())',
    why: 'what is due within the same few milliseconds is delivered with the first',
  },
  {
    name: 'purge-takes-what-is-in-delivery',
    file: `${ENGINE}/purge-entry.ts`,
    find: 'kept.add(getU64(view, at))',
    replace: 'kept.delete(getU64(view, at))',
    why: 'after a crash what a consumer had during a purge is gone',
  },
  {
    name: 'requeued-twice',
    file: `${QUEUE}/ack-queue.ts`,
    find: '    if (row.requeued > 0) {',
    replace: '    if (row.requeued > 1) {',
    why: 'what was put back and is with the next consumer is given to a further one',
  },
  {
    name: 'fan-out-cut-short',
    file: `${ENGINE}/state.ts`,
    find: '      if (queue === undefined || this.#known(queue, id, priority)) continue\n',
    replace: '      if (queue === undefined || this.#known(queue, id, priority)) break\n',
    why: 'a message that a checkpoint has in one queue does not reach the others',
  },
]
