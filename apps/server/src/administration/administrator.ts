/** Told while an operation runs. */
export interface Watch {
  progress(of: object): void
  /** When it aborts, the operation ends as soon as it can, and says how far it came. */
  readonly signal: AbortSignal
}

/** Somebody who does operations. */
export interface Administrator {
  /** A running server does them, or this process has opened the folder itself. */
  readonly through: 'server' | 'folder'
  /** Rejects with `RefusedError`. */
  call(operation: string, input: object, watch: Watch): Promise<object>
  close(): Promise<void>
}
