import { HufuError } from '../errors.ts'
import type { Event, PersonType } from './kind.ts'

const VERBS: Readonly<Record<PersonType, string>> = {
  retry: 'Retrying now',
  stop: 'Stopping',
  resolve: 'Resolving',
  skip: 'Skipping',
}

/** What a person said. */
export type Word<Type extends PersonType = PersonType> = Extract<Event, { type: Type }>

export function isPerson(event: Event): event is Word {
  return Object.hasOwn(VERBS, event.type)
}

/** The error of a person's word that makes no sense now: `GLOBAL_STATE`. */
export function senseless(event: Word, why: string): HufuError {
  const verb = VERBS[event.type]
  const what = event.type === 'resolve' ? `${verb} to ${event.to}` : verb
  const branch = event.type === 'skip' ? ` ${event.branch}` : ''
  return new HufuError('GLOBAL_STATE', `${what}${branch}: ${why}`)
}

/** Final states take no word, and hear nothing. */
export function refuseFinal(event: Event, status: string): void {
  if (isPerson(event)) throw senseless(event, `the transaction is ${status}`)
}
