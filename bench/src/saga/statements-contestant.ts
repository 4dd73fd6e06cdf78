import type { Participant, ParticipantRequest } from 'hufu'
import { BRANCHES, type Contestant, type Order } from './contestant.ts'
import { statementsAt } from './statements.ts'

const signal = new AbortController().signal

/**
 * A coordinator without grouping: each step of each saga is a commit of its own on a connection of
 * a pool. It stores what dtm stores, and with no more statements than dtm where every step is to be
 * durable: a row for the transaction and one for each branch, then one update per step.
 */
export async function statementsContestant(
  url: string,
  participant: Participant<Order>,
): Promise<Contestant> {
  const statements = await statementsAt(url)
  return {
    commits: () => statements.commits,
    async run(order) {
      await statements.begin(order.id, JSON.stringify(order))
      for (const branch of BRANCHES) {
        await participant.call(requestOf(order, branch))
        await statements.endBranch(order.id, branch)
      }
      await statements.end(order.id)
    },
  }
}

function requestOf(order: Order, branch: string): ParticipantRequest<Order> {
  return {
    ...{ id: order.id, kind: 'saga', name: 'transfer', branch, op: 'action', attempt: 1 },
    ...{ input: order, result: undefined, results: {}, headers: {}, signal },
  }
}
