import type { Call, Verb } from '../verb.ts'

/** A verb that asks for one operation. */
export interface AdminVerb<R extends object>
  extends Pick<Verb, 'name' | 'args' | 'about' | 'more'> {
  readonly options?: Verb['options']
  /** Name of the operation. */
  readonly operation: string
  /** It cannot be undone: it wants `--yes`. */
  readonly destructive?: boolean
  /** The operation's input. `UsageError` for what is wrong. */
  input(call: Call): object | Promise<object>
  /** The result for a person. */
  show(result: R, call: Call): string
  /** The exit code is 0 when it says true. Default: true. */
  holds?(result: R): boolean
  /** A line for a person who waits; with it the verb can be stopped in order. */
  progress?(of: object): string
}
