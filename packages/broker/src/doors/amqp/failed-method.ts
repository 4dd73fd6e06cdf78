/** Which method was at fault, for the close that answers it; zeros: none. */
export interface FailedMethod {
  readonly classId: number
  readonly methodId: number
}
