import type { ParseArgsOptionsConfig } from 'node:util'

/** What a verb was called with. */
export interface Call {
  /** Arguments that are no options, as many as `Verb.args` names. */
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  /** Tells the person what happens meanwhile; goes to standard error. */
  readonly say: (line: string) => void
}

/** What a verb found. */
export interface Report {
  /** What it checks holds: exit code 0, else 1. A verb that checks nothing says true. */
  readonly holds: boolean
  /** For a person, on standard output. */
  readonly text: string
  /** For a program: the last line of standard output with `--json`. */
  readonly json: object
}

/** One verb of the command; `--json` and `--help` are understood by all. */
export interface Verb {
  /** One word, or a group and a word: `users add`. */
  readonly name: string
  /** Names of the arguments it must be given. */
  readonly args: readonly string[]
  /** What it does, in one line. */
  readonly about: string
  /** More lines of its own help. */
  readonly more?: readonly string[]
  readonly options: ParseArgsOptionsConfig
  run(call: Call): Promise<Report>
}

/** It was called wrongly, or what it was given cannot be read: exit code 2. */
export class UsageError extends Error {}

/** It cannot run on this machine; the message says why: exit code 3, `{"skipped":"…"}`. */
export class CannotRunError extends Error {}

/** What was asked for was refused, or failed: exit code 1, `{"error":"…"}` and the fields. */
export class NotDoneError extends Error {
  readonly fields: object

  constructor(message: string, fields: object, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.fields = fields
  }
}
