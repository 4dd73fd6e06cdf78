/** Where a program is played, and who takes down what it sees. */
export interface Stage {
  readonly url: string
  /** What no other scenario uses: names of its queues and exchanges begin with it. */
  readonly name: string
  /** One line of the transcript. What differs from run to run must not be in it. */
  say(what: string, saw?: unknown): void
}

/** What a client does, and what it must then see, whoever the server is. */
export type Scenario = (stage: Stage) => Promise<void>

export type Scenarios = Readonly<Record<string, Scenario>>

/** Waits until it holds, 10 s at most. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Cannot go on: no ${what} within 10 s`)
    await pause(20)
  }
}

/** Long enough for a server to do what it should not. */
export async function pause(ms = 150): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
