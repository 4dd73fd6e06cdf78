/** The calls of the disk port and of its files. */
export type DiskCallKind =
  | 'makeDir'
  | 'list'
  | 'open'
  | 'rename'
  | 'remove'
  | 'syncDir'
  | 'freeBytes'
  | 'lock'
  | 'size'
  | 'read'
  | 'write'
  | 'sync'
  | 'close'

/** One call, as a fault plan sees it. */
export interface DiskCall {
  readonly kind: DiskCallKind
  readonly path: string
  /** Of a read or write, bytes. */
  readonly position?: number
  /** Of a read or write, bytes. */
  readonly length?: number
}

/**
 * The calls that fail: those a function picks, or the `nth` of a kind from now on (1 = the next).
 */
export type FaultMatch =
  | ((call: DiskCall) => boolean)
  | { readonly kind: DiskCallKind; readonly nth?: number; readonly path?: string }

interface Fault {
  readonly picks: (call: DiskCall) => boolean
  readonly nth: number
  readonly code: string
  readonly once: boolean
  seen: number
}

/** Which calls will fail. */
export class FaultPlan {
  #faults: Fault[] = []

  /** Returns the undoing. `once: false`: every picked call fails, from the `nth` on. */
  add(match: FaultMatch, code: string, once: boolean): () => void {
    const nth = typeof match === 'function' ? 1 : (match.nth ?? 1)
    const fault = { picks: pickerOf(match), nth, code, once, seen: 0 }
    this.#faults.push(fault)
    return () => this.#drop(fault)
  }

  /** The code with which this call fails; counts the call. */
  take(call: DiskCall): string | undefined {
    let code: string | undefined
    for (const fault of [...this.#faults]) {
      if (!fault.picks(call) || ++fault.seen < fault.nth) continue
      code ??= fault.code
      if (fault.once) this.#drop(fault)
    }
    return code
  }

  #drop(fault: Fault): void {
    this.#faults = this.#faults.filter((other) => other !== fault)
  }
}

function pickerOf(match: FaultMatch): (call: DiskCall) => boolean {
  if (typeof match === 'function') return match
  return (call) =>
    call.kind === match.kind && (match.path === undefined || call.path === match.path)
}
