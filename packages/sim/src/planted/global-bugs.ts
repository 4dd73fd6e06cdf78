import type { PlantedBug } from './bug.ts'

const COORDINATOR = 'hufu/src/coordinator'
const KINDS = 'hufu/src/kinds'
const STORE = 'sim/src/store'
const world = 'globals'

/** What coordinators, and the store in which they keep their transactions, can get wrong. */
const COORDINATOR_BUGS: readonly PlantedBug[] = [
  {
    ...{ name: 'act-before-save', world, file: `${COORDINATOR}/coordinator.ts` },
    find: 'if (running.take(event)) this.#writer.save(running)',
    replace: `if (!running.take(event)) return
    this.#writer.save(running)
    this.#act(running, running.calls.splice(0), false)`,
    why: 'a participant is called, and a crash leaves nothing of it',
  },
  {
    ...{ name: 'no-fencing-in-save', world, file: `${STORE}/transactions.ts` },
    find: 'row.owner === owner && ',
    replace: '',
    why: 'a coordinator that was paused overwrites what another one has done since',
  },
  {
    ...{ name: 'claim-without-lease-check', world, file: `${STORE}/transaction-claims.ts` },
    find: 'ended.has(row.owner)',
    replace: 'row.owner !== 0 && row.owner !== owner',
    why: 'two coordinators take transactions from each other',
  },
  {
    ...{ name: 'lost-lease-ignored', world, file: `${COORDINATOR}/lease.ts` },
    find: 'this.owner !== 0 && this.#parts.os.clock.mono() < this.#until',
    replace: 'this.owner !== 0',
    why: 'a coordinator that slept calls participants although another one has taken over',
  },
  {
    ...{ name: 'attempts-not-persisted', world, file: `${COORDINATOR}/coordinator.ts` },
    find: 'state: JSON.stringify(state),\n      dueAt',
    replace: `state: JSON.stringify(state, (name, value) => (name === 'calls' ? 1 : value)),
      dueAt`,
    why: 'after a crash the attempts are counted from the beginning',
  },
  {
    ...{ name: 'released-row-kept', world, file: `${STORE}/transactions.ts` },
    find: 'final || release ? 0 : row.owner',
    replace: 'final ? 0 : row.owner',
    why: 'what waits for long is given back by its coordinator, and nobody may claim it',
  },
  {
    ...{ name: 'repeat-begins-again', world, file: `${COORDINATOR}/coordinator.ts` },
    find: "    if (outcome === 'repeated') return { repeated: true }\n",
    replace: '',
    why: 'the same id begins a second time, and forgets what was done',
  },
  {
    ...{ name: 'started-outside-transaction', world, file: `${COORDINATOR}/coordinator.ts` },
    find: 'return this.#runtime.store.transactions.insert(tx, rowOf(definition, given, state, 0))',
    replace: `const { store } = this.#runtime
    const row = rowOf(definition, given, state, 0)
    setImmediate(() => {
      store.transaction((own) => store.transactions.insert(own, row)).catch(() => undefined)
    })
    return { repeated: false }`,
    why: 'what its caller has rolled back is begun, or what was committed is not',
  },
  {
    ...{ name: 'told-before-stored', world, file: `${COORDINATOR}/coordinator.ts` },
    find: 'if (running.take(event)) this.#writer.save(running)',
    replace: `if (!running.take(event)) return
    this.#writer.save(running)
    const { row, state } = running
    const { name, hash } = row
    const { status } = state
    const stored = { name, hash, status, state: JSON.stringify(state) }
    if (status === 'committed') this.#waiters.tell(running.id, stored)`,
    why: 'a caller is told of an end that a crash undoes',
  },
  {
    ...{ name: 'unheard-insert-forgotten', world, file: `${COORDINATOR}/coordinator.ts` },
    find: 'this.#claimer.lookFor(row.id, (tx) => store.transactions.insertAll(tx, [row])),',
    replace: 'void row,',
    why: 'one that was stored and not heard of lies in the hand of a living coordinator',
  },
  {
    ...{ name: 'late-commit-overlooked', world, file: `${COORDINATOR}/claimer.ts` },
    find: 'if (waits !== undefined) await this.#outlast(waits)',
    replace: '',
    why: 'it is looked for before the commit of its insert has ended',
  },
  {
    ...{ name: 'unheard-claim-forgotten', world, file: `${COORDINATOR}/claimer.ts` },
    find: 'if (!signal.aborted) await this.#beginAnew()',
    replace: '',
    why: 'what was claimed and not heard of lies in the hand of a living coordinator',
  },
  {
    ...{ name: 'word-upon-old-state', world, file: `${COORDINATOR}/coordinator.ts` },
    find: 'await this.#writer.between(work)',
    replace: 'await work()',
    why: 'what is stored while a person takes over is overwritten with what was before',
  },
  {
    ...{ name: 'senseless-word-drops', world, file: `${COORDINATOR}/coordinator.ts` },
    find: `      // What was under way has ended meanwhile; it goes on without the word.
      if (!running.over && !running.dirty) this.#act(running, [], false)
`,
    replace: '      this.#forget(running)\n',
    why: 'a word that has lost its sense meanwhile leaves a transaction in nobody’s hand',
  },
  {
    ...{ name: 'timeout-taken-for-refusal', world, file: `${COORDINATOR}/call.ts` },
    find: "resolve({ type: 'errored', detail })",
    replace: "resolve({ type: 'refused', code: 'TIMEOUT', detail })",
    why: 'a call that was not answered has taken effect, and is not undone',
  },
  {
    ...{ name: 'message-told-before-commit', world, file: `${COORDINATOR}/message.ts` },
    find: "      if (word === 'committed') return fn(tx)\n",
    replace: `      if (word === 'committed') {
        const value = await fn(tx)
        coordinator.tell(id, { type: 'submitted' })
        return value
      }
`,
    why: 'branches are called although the local transaction is rolled back',
  },
  {
    ...{ name: 'message-asked-without-fence', world, file: `${COORDINATOR}/message.ts` },
    find: '    return store.transaction((tx) => store.fence.write(tx, fenceKey(id), word))\n',
    replace: `    let stands: FenceWord | undefined
    const looked = store.transaction(async (tx) => {
      stands = await store.fence.write(tx, fenceKey(id), word)
      throw new Error('only looked')
    })
    return looked.catch((error) => {
      if (stands === undefined) throw error
      return stands
    })
`,
    why: 'it is taken for rolled back, and its local transaction commits after that',
  },
]

/** What the kinds and the barrier can get wrong. */
const KIND_BUGS: readonly PlantedBug[] = [
  {
    ...{ name: 'barrier-without-origin-row', world, file: `${STORE}/barrier.ts` },
    find: 'undone !== undefined && (await insert(tx, key, undone, at))',
    replace: 'false',
    why: 'what was never done is undone, and a late call is done after its undoing',
  },
  {
    ...{ name: 'barrier-row-outside-transaction', world, file: 'hufu/src/ports/once.ts' },
    find: `    const doWork = (tx: Tx) => once(barrier, tx, call, (ended) => work(tx, ended))
`,
    replace: `    const word = await store.transaction((own) => barrier.enter(own, keyOf(call)))
    const early = { ...barrier, enter: async () => word }
    const doWork = (tx: Tx) => once(early, tx, call, (ended) => work(tx, ended))
`,
    why: 'a work that fails after it is taken for done when it is called again',
  },
  {
    ...{ name: 'refusal-does-not-last', world, file: 'hufu/src/ports/once.ts' },
    find: '|| call.refusalLasts !== true) throw error',
    replace: '|| call.refusalLasts !== undefined) throw error',
    why: 'a late copy of a call that was refused takes effect, and nobody undoes it',
  },
  {
    ...{ name: 'undone-in-the-wrong-order', world, file: `${KINDS}/saga-backward.ts` },
    find: '!gone && !blocked.has(step.name) &&',
    replace: '!gone &&',
    why: 'a step is undone under another one that stands upon it',
  },
  {
    ...{ name: 'uncalled-step-undone', world, file: `${KINDS}/saga-backward.ts` },
    find: "if (action === undefined || step.kind !== 'step') return true",
    replace: `if (step.kind !== 'step') return true
  if (action === undefined) return isDone(run.undo(step))`,
    why: 'what was never called is undone',
  },
  {
    ...{ name: 'unsure-refusal-trusted', world, file: `${KINDS}/branch.ts` },
    find: "operation.state === 'refused' && operation.unsure !== true",
    replace: "operation.state === 'refused' || operation.state === 'unknown'",
    why: 'a call of which nothing was heard has taken effect, and is not undone',
  },
  {
    ...{ name: 'deadline-ignored', world, file: `${KINDS}/saga-forward.ts` },
    find: 'if (deadlineAt === null || run.at < deadlineAt) return undefined',
    replace: 'if (deadlineAt !== undefined) return undefined',
    why: 'a saga goes on however late it is',
  },
  {
    ...{ name: 'doubtful-pivot-undone', world, file: `${KINDS}/saga-forward.ts` },
    find: "    if (step.kind === 'pivot' && action.state === 'exhausted') continue\n",
    replace: '',
    why: 'what came before a pivot is undone although the pivot has taken effect',
  },
  {
    ...{ name: 'recovered-calls-not-repeated', world, file: `${KINDS}/draft.ts` },
    find: "if (retry === undefined || operation.state !== 'calling') continue",
    replace: 'continue',
    why: 'what was under way when its coordinator ended is waited for for ever',
  },
  {
    ...{ name: 'late-success-dropped', world, file: `${KINDS}/branch.ts` },
    find: "closing ? operation.state === 'calling' :",
    replace: 'closing ? false :',
    why: 'an answer that comes after the turning back is waited for for ever',
  },
  {
    ...{ name: 'confirmed-after-cancel', world, file: `${KINDS}/tcc.ts` },
    find: "if (run.phase === 'trying') turn(run)",
    replace: "if (run.phase !== 'confirming') turn(run)",
    why: 'a late try has branches confirmed while others are cancelled',
  },
  {
    ...{ name: 'confirmed-when-some-are-tried', world, file: `${KINDS}/tcc.ts` },
    find: "if (allDone(draft, plan.branches, 'try')) {",
    replace: "if (plan.branches.some(({ name }) => isDone(draft.get(name, 'try')))) {",
    why: 'money is paid out that nobody has paid in',
  },
]

export const GLOBAL_BUGS: readonly PlantedBug[] = [...COORDINATOR_BUGS, ...KIND_BUGS]
