import type { Os } from '@hufu/os'
import { createHufu, type Transport } from 'hufu'
import { modelStore } from '../store/model-store.ts'
import type { ModelTx } from '../store/tx.ts'
import { type Defined, define, type Places, type Service } from './definitions.ts'
import { Gate, type Surroundings } from './gate.ts'
import { Host } from './host.ts'
import { hostStore } from './host-store.ts'
import type { Oracle } from './oracle.ts'

interface OfficeParts {
  readonly name: string
  readonly machine: Os
  readonly random: Os['random']
  readonly places: Places
  readonly around: Surroundings
  readonly oracle: Oracle
}

/** One process of the office: a coordinator among others on their database. */
export class Office {
  readonly host: Host
  readonly gate: Gate
  readonly service: Service
  readonly defined: Defined
  started = false
  /** Another process takes its place so long after its death, ms. */
  downMs = 100

  constructor({ name, machine, random, places, around, oracle }: OfficeParts) {
    this.host = new Host(name, machine, random)
    this.gate = new Gate(this.host, around)
    const { database } = places.office
    const store = hostStore({
      inner: onMachine(machine, modelStore(database)),
      ...{ database, gate: this.gate, clock: machine.clock, around },
      onSave: (tx, owner, ids) => oracle.saves(tx, owner, ids),
      onRegister: (owner) => oracle.registered(this.host, owner),
    })
    const { leaseMs, pollMs } = around.setting
    this.service = createHufu<ModelTx, never>({
      service: 'office',
      store,
      transport: NO_TRANSPORT,
      os: this.host.os,
      coordinator: { lease: leaseMs, poll: pollMs },
      onAlert: ({ id, cause }) => around.trace(`${name} parks ${id}: ${cause}`),
      onWarning: (text) => {
        around.trace(`${name} warns: ${text}`)
        if (text.includes('its lease has ended')) around.mark('leaseLost')
      },
    })
    this.defined = define(this.service, this.gate, places, around.setting, (request) =>
      oracle.called(this.host, request, true),
    )
  }

  /** False: it could not be started, or died meanwhile. */
  async start(): Promise<void> {
    await this.service.start()
    this.started = true
  }
}

/** Opened with the clock of the machine on which the database is. */
function onMachine(machine: Os, store: ReturnType<typeof modelStore>) {
  return { ...store, open: () => store.open(machine) }
}

/** There are no messages in these worlds. */
const NO_TRANSPORT: Transport = {
  name: 'none',
  flags: { delay: true, keyOrder: true, attempts: true, prepared: false },
  open: async () => undefined,
  declare: async () => undefined,
  publish: async (batch) => batch.map(() => ({ ok: true })),
  subscribe: async () => ({
    settle: async () => undefined,
    setCredit: () => undefined,
    close: async () => undefined,
  }),
  close: async () => undefined,
}
