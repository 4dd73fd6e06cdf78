import type { Participant, ParticipantRequest } from '../ports/participant.ts'

/** What a function of a step is told besides its input. */
export interface StepContext<Results> {
  /** Of the global transaction. */
  readonly id: string
  readonly branch: string
  /** From 1. */
  readonly attempt: number
  /**
   * What the branches that it comes after returned. Of one that a person skipped: undefined, in
   * spite of its type.
   */
  readonly results: Readonly<Results>
  readonly headers: Readonly<Record<string, string>>
  /** Aborts when the call takes too long. */
  readonly signal: AbortSignal
}

/** Does the work in a transaction of the store; its effects and the barrier's row are one. */
export type DoFunction<Tx, In, Results, Out> = (
  tx: Tx,
  input: In,
  ctx: StepContext<Results>,
) => Promise<Out> | Out

/** Undoes or confirms in a transaction of the store. `result`: what that returned. */
export type EndFunction<Tx, In, Results, Out> = (
  tx: Tx,
  input: In,
  result: Out,
  ctx: StepContext<Results>,
) => Promise<unknown> | unknown

/** A function of this process, or somebody else who does it. */
export type Do<Tx, In, Results, Out> = DoFunction<Tx, In, Results, Out> | Participant<In, Out>

export type End<Tx, In, Results, Out> = EndFunction<Tx, In, Results, Out> | Participant<In>

/** A function of this process as the coordinator calls it, untyped. */
export type Work<Tx> = (
  tx: Tx,
  request: ParticipantRequest,
  result: unknown,
) => Promise<unknown> | unknown

/** Who does the work: a function that wants a transaction of the store, or a participant. */
export type Doer<Tx> = Work<Tx> | Participant

export function doerOf<Tx, In, Results, Out>(given: Do<Tx, In, Results, Out>): Doer<Tx> {
  if (typeof given !== 'function') return given as Participant
  return (tx, request) => given(tx, request.input as In, contextOf(request))
}

export function enderOf<Tx, In, Results, Out>(given: End<Tx, In, Results, Out>): Doer<Tx> {
  if (typeof given !== 'function') return given as Participant
  return (tx, request, result) => {
    return given(tx, request.input as In, result as Out, contextOf(request))
  }
}

function contextOf<Results>(request: ParticipantRequest): StepContext<Results> {
  const { id, branch, attempt, headers, signal } = request
  return { id, branch, attempt, headers, signal, results: grouped(request.results) as Results }
}

/** Results of nested steps, `pack/weigh`, under the name of the nested saga. */
export function grouped(results: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const groups: Record<string, unknown> = {}
  for (const [name, result] of Object.entries(results)) {
    const [first = '', ...rest] = name.split('/')
    let at = groups
    let last = first
    for (const part of rest) {
      if (!Object.hasOwn(at, last)) at[last] = {}
      at = at[last] as Record<string, unknown>
      last = part
    }
    at[last] = result
  }
  return groups
}
