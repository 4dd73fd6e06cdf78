/** Which method was at fault, for the close that answers it; zeros: none. */
export interface FailedMethod {
  readonly classId: number
  readonly methodId: number
}

export const NO_METHOD: FailedMethod = { classId: 0, methodId: 0 }

/** Of the payload of a method frame. */
export function idsOf(payload: Uint8Array): FailedMethod {
  const [a = 0, b = 0, c = 0, d = 0] = payload
  return { classId: (a << 8) | b, methodId: (c << 8) | d }
}
