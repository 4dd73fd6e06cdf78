import type { PlantedBug } from './bug.ts'

/** What the library, or an adapter to a database, can get wrong. */
export const LIBRARY_BUGS: readonly PlantedBug[] = [
  {
    name: 'journal-outside-transaction',
    file: 'hufu/src/inbox/strong.ts',
    find: 'await this.#runtime.store.journal.finish(tx, entry)',
    replace: `const { store } = this.#runtime
    const later = () => store.transaction((own) => store.journal.finish(own, entry))
    setImmediate(() => later().catch(() => undefined))`,
    why: 'a crash between the two leaves an effect without its journal row',
  },
  {
    name: 'receipt-closes-twice',
    file: 'hufu/src/receipts/apply.ts',
    find: 'if (!(await runtime.store.outbox.receipt(tx, receipt))) return',
    replace: 'await runtime.store.outbox.receipt(tx, receipt)',
    why: 'a repeated receipt runs its handler again',
  },
  {
    name: 'relay-skips-late-commit',
    file: 'sim/src/store/claims.ts',
    find: '    const fresh = waiting.filter((row) => {\n',
    replace: `    const sent = all.filter((row) => row.state !== 'waiting').map((row) => row.ref)
    const fresh = waiting.filter((row) => {
      if (row.ref < Math.max(0, ...sent)) return false
`,
    why: 'a row with a lower number that was committed later is never sent',
  },
  {
    name: 'relay-sends-two-of-a-key',
    file: 'sim/src/store/claims.ts',
    find: '      if (record.key !== null && keys.has(key)) continue\n',
    replace: '',
    why: 'when the first is refused the second has gone ahead',
  },
  {
    name: 'outbox-row-outside-transaction',
    file: 'hufu/src/outbox/publish.ts',
    find: 'return runtime.store.outbox.insert(tx, row)',
    replace: `const { store } = runtime
  setImmediate(() => store.transaction((own) => store.outbox.insert(own, row)).catch(() => {}))
  return { repeated: false }`,
    why: 'an order without its message, or a message without its order',
  },
  {
    name: 'parked-key-goes-on',
    file: 'hufu/src/inbox/parker.ts',
    find: 'if (ahead === 0) return undefined',
    replace: 'if (ahead >= 0) return undefined',
    why: 'messages of a key pass the parked one that should hold them back',
  },
  {
    name: 'failure-keeps-its-effects',
    file: 'hufu/src/inbox/strong.ts',
    find: 'const result = await run.guard(() => this.#handler(tx, payload, ctx))',
    replace: `let result
        try {
          result = await run.guard(() => this.#handler(tx, payload, ctx))
        } catch (error) {
          if (!(error instanceof Failure)) throw error
          const { code, message: words } = error
          const text = JSON.stringify({ code, message: words })
          return this.#record(tx, message, hash, 'failed', text)
        }`,
    why: 'what a handler did before it failed for good is committed',
  },
  {
    name: 'check-back-without-fence',
    file: 'hufu/src/outbox/transactional.ts',
    find: "  if (word === 'rolledBack') {",
    replace: "  if (word !== 'committed' && word !== 'rolledBack') {",
    why: 'the broker was told "rolled back", and the local transaction commits after that',
  },
]
