import type { Participant, StandardSchema, Store } from 'hufu'
import { createHufu } from 'hufu'
import { embedded } from 'hufu/transports/embedded'
import type { Contestant, Order } from './contestant.ts'
import { storeAt } from './place.ts'

const orderSchema: StandardSchema<Order> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate(value) {
      const { id, cents } = (value ?? {}) as Partial<Order>
      if (typeof id === 'string' && typeof cents === 'number') return { value: { id, cents } }
      return { issues: [{ message: 'no order' }] }
    },
  },
}

/** The saga of the bench in a service of its own, started. */
export async function openSaga(url: string, folder: string, participant: Participant<Order>) {
  let commits = 0
  const store = counting(storeAt(url), () => commits++)
  const service = createHufu({ service: 'bench', store, transport: embedded(folder) })
  const both = { do: participant, undo: participant }
  const saga = service.saga('transfer', orderSchema, (steps) =>
    steps.step('out', both).step('in', both),
  )
  await service.start()
  return { service, saga, commits: () => commits }
}

export async function hufuContestant(
  url: string,
  folder: string,
  participant: Participant<Order>,
): Promise<Contestant> {
  const { saga, commits } = await openSaga(url, folder, participant)
  return {
    commits,
    async run(order) {
      const { status } = await saga.run(order, { id: order.id, wait: '60s' })
      if (status !== 'committed') throw new Error(`saga ${order.id} is ${status}`)
    },
  }
}

/** Whatever the coordinator stores: a group of sagas is one commit. */
function counting(store: Store<unknown, unknown>, onCommit: () => void): typeof store {
  const { writeGroup, ...rest } = store.transactions
  const grouping = writeGroup && {
    async writeGroup(...given: Parameters<typeof writeGroup>) {
      const result = await writeGroup(...given)
      onCommit()
      return result
    },
  }
  return {
    ...store,
    transactions: { ...rest, ...grouping },
    async transaction(fn, options) {
      const result = await store.transaction(fn, options)
      onCommit()
      return result
    },
  }
}
