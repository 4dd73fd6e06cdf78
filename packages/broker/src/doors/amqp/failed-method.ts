/** Which method was at fault, for the close that answers it; zeros: none. */
export interface FailedMethod {
  readonly classId: number
  readonly methodId: number
}

export const NO_METHOD: FailedMethod = { classId: 0, methodId: 0 }

/** Of the payload of a method frame. */
export function idsOf(bytes: Uint8Array, start: number, end: number): FailedMethod {
  const at = (offset: number) => (start + offset < end ? bytes[start + offset]! : 0)
  return { classId: (at(0) << 8) | at(1), methodId: (at(2) << 8) | at(3) }
}
