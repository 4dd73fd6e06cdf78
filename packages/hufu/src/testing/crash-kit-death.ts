/** Where a process dies: before or after its n-th effect. */
export interface Death {
  readonly nth: number
  readonly when: 'before' | 'after'
}

/** A process that may die. */
export interface Mortal {
  readonly dir: string
  readonly alive: boolean
  /** Resolves when it dies. */
  readonly death: Promise<void>
  die(): void
  /** Counts an effect; says whether the process dies of it. */
  begins(name: string): Death['when'] | undefined
  /** What the promise settles with, while the process lives. */
  heard<T>(promise: Promise<T>): Promise<T>
}

/** Thrown inside of what a dead process had begun, so that it is rolled back. Nobody hears it. */
export class Died extends Error {
  constructor() {
    super('the process has died')
  }
}

/** Never settles: whoever waits for it is dead. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}
