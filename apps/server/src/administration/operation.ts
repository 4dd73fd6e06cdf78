import type { Administration } from '@hufu/broker/amqp'
import type { Input } from './input.ts'

/** Beside its input, what an operation has. */
export interface Context {
  readonly administration: Administration
  /** Aborts when nobody waits for the operation any more, or somebody has stopped it. */
  readonly signal: AbortSignal
  /** Tells how far it has come. */
  progress(of: object): void
}

/** One thing that an administrator can ask for; its result can be written as JSON. */
export type Operation = (input: Input, context: Context) => object | Promise<object>

/** Operations by their names, such as `users.add`. */
export type Operations = Readonly<Record<string, Operation>>
