import type { Duration } from '../duration.ts'
import type { InputOf, OutputOf, StandardSchema } from '../schema.ts'
import type { TransactionDefinition } from './definition.ts'
import type { CallRetryOptions } from './definition-options.ts'
import type { Do, End } from './participant.ts'
import type { SagaPlan } from './saga-plan.ts'
import type { SagaState } from './saga-run.ts'

/** `Results`: of the branches before, by name. `After`: those of them that it comes after. */
export interface DoOptions<Tx, In, Results, Out, After extends keyof Results> {
  readonly do: Do<Tx, In, Pick<Results, After>, Out>
  /**
   * Branches that must be done before; `[]`: none. Default: all before it (in `parallel`: all
   * before the group).
   */
  readonly after?: readonly After[]
  readonly timeout?: Duration
  /** In the tail it says how the call is insisted on. */
  readonly retry?: CallRetryOptions
}

export interface StepOptions<Tx, In, Results, Out, After extends keyof Results>
  extends DoOptions<Tx, In, Results, Out, After> {
  /**
   * Takes back what `do` did; `result` is what that returned. A function is never called for a `do`
   * that had no effect; a participant may be, and must then do nothing.
   */
  readonly undo: End<Tx, In, Pick<Results, After>, Out>
  /** Of the undoing. */
  readonly insist?: CallRetryOptions
  /** Cool-off before the undoing. Default: none. */
  readonly undoAfter?: Duration
}

/** `Undoable`: it has neither pivot nor tail, so another saga may nest it. */
export interface SagaDefinition<
  Tx,
  Schema extends StandardSchema,
  Results,
  Undoable extends boolean,
> extends TransactionDefinition<Tx, Schema, Results, SagaPlan, SagaState> {
  readonly kind: 'saga'
  readonly undoable: Undoable
}

/** A saga up to its decision. Every method gives a new one; names are given once. */
export interface SagaSteps<Tx, Schema extends StandardSchema, Results> {
  /** A step that can be undone. */
  step<const Name extends string, Out, After extends keyof Results = keyof Results>(
    name: Name,
    options: StepOptions<Tx, OutputOf<Schema>, Results, Out, After>,
  ): SagaSteps<Tx, Schema, Results & { [N in Name]: Out }>
  /** A step that changes nothing: it is not undone. */
  query<const Name extends string, Out, After extends keyof Results = keyof Results>(
    name: Name,
    options: DoOptions<Tx, OutputOf<Schema>, Results, Out, After>,
  ): SagaSteps<Tx, Schema, Results & { [N in Name]: Out }>
  /** Steps at the same time; what follows waits for all of them. */
  parallel<Own>(
    group: (steps: SagaGroup<Tx, Schema, Results, object>) => SagaGroup<Tx, Schema, Results, Own>,
  ): SagaSteps<Tx, Schema, Results & Own>
  /**
   * The steps of a saga without pivot, as part of this one: done and undone with it, under its id
   * and deadline. `input` must give the same whenever it is asked; what the other one's schema
   * refuses is a refusal with `INPUT_INVALID`.
   */
  nested<const Name extends string, InnerSchema extends StandardSchema, Out>(
    name: Name,
    inner: SagaDefinition<Tx, InnerSchema, Out, true>,
    input: (input: OutputOf<Schema>, results: Readonly<Results>) => InputOf<InnerSchema>,
  ): SagaSteps<Tx, Schema, Results & { [N in Name]: Out }>
  /** The decision, after all before: when it is done, nothing is undone any more. */
  pivot<const Name extends string, Out>(
    name: Name,
    options: Omit<DoOptions<Tx, OutputOf<Schema>, Results, Out, keyof Results>, 'after'>,
  ): SagaTail<Tx, Schema, Results & { [N in Name]: Out }>
  /** As in the tail; without a pivot it is decided when all before is done. */
  retry: SagaTail<Tx, Schema, Results>['retry']
  build(): SagaDefinition<Tx, Schema, Results, true>
}

/** A saga after its decision: what comes now is repeated until it is done. */
export interface SagaTail<Tx, Schema extends StandardSchema, Results> {
  retry<const Name extends string, Out, After extends keyof Results = keyof Results>(
    name: Name,
    options: DoOptions<Tx, OutputOf<Schema>, Results, Out, After>,
  ): SagaTail<Tx, Schema, Results & { [N in Name]: Out }>
  parallel<Own>(
    group: (steps: TailGroup<Tx, Schema, Results, object>) => TailGroup<Tx, Schema, Results, Own>,
  ): SagaTail<Tx, Schema, Results & Own>
  build(): SagaDefinition<Tx, Schema, Results, false>
}

/** Steps of a group: each sees what was before the group, and what its `after` names. */
export interface SagaGroup<Tx, Schema extends StandardSchema, Before, Own> {
  step<const Name extends string, Out, After extends keyof (Before & Own) = keyof Before>(
    name: Name,
    options: StepOptions<Tx, OutputOf<Schema>, Before & Own, Out, After>,
  ): SagaGroup<Tx, Schema, Before, Own & { [N in Name]: Out }>
  query<const Name extends string, Out, After extends keyof (Before & Own) = keyof Before>(
    name: Name,
    options: DoOptions<Tx, OutputOf<Schema>, Before & Own, Out, After>,
  ): SagaGroup<Tx, Schema, Before, Own & { [N in Name]: Out }>
  nested<const Name extends string, InnerSchema extends StandardSchema, Out>(
    name: Name,
    inner: SagaDefinition<Tx, InnerSchema, Out, true>,
    input: (input: OutputOf<Schema>, results: Readonly<Before>) => InputOf<InnerSchema>,
  ): SagaGroup<Tx, Schema, Before, Own & { [N in Name]: Out }>
}

export interface TailGroup<Tx, Schema extends StandardSchema, Before, Own> {
  retry<const Name extends string, Out, After extends keyof (Before & Own) = keyof Before>(
    name: Name,
    options: DoOptions<Tx, OutputOf<Schema>, Before & Own, Out, After>,
  ): TailGroup<Tx, Schema, Before, Own & { [N in Name]: Out }>
}
