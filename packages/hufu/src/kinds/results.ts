import type { Op } from '../ports/participant.ts'
import type { Branches } from './draft.ts'

/** What the operations that are done returned, by branch. */
export function resultsOf(branches: Branches, op: Op): Readonly<Record<string, unknown>> {
  const results: Record<string, unknown> = {}
  for (const branch of Object.keys(branches)) {
    const operation = branches[branch]![op]
    if (operation?.state === 'done') results[branch] = operation.result
  }
  return results
}
