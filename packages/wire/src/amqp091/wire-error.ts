/** 501 malformed; 502 a value that has no meaning; 505 out of place; 540 no such method. */
export type WireErrorCode = 501 | 502 | 505 | 540

/**
 * Bytes that are not AMQP 0-9-1: what is wrong with them, and the reply code that the connection is
 * to be closed with (AMQP 0-9-1 §1.2). Nothing else is thrown for what a peer has sent.
 */
export class WireError extends Error {
  readonly code: WireErrorCode
  /** Class and method that were being read; 0 when none was. */
  readonly classId: number
  readonly methodId: number

  constructor(code: WireErrorCode, message: string, classId = 0, methodId = 0) {
    super(message)
    this.name = 'WireError'
    this.code = code
    this.classId = classId
    this.methodId = methodId
  }
}
