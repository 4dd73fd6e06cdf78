import { AuthError } from './errors.ts'

const NAME_BYTES_MAX = 255

/** @throws AuthError `argument`: empty, over 255 bytes, or with control characters */
export function checkName(what: string, name: string): void {
  const refuse = (why: string) => {
    return new AuthError('argument', `Naming a ${what} '${name.slice(0, 50)}': ${why}`)
  }
  if (name === '') throw refuse('the name is empty')
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw refuse(`the name has more than ${NAME_BYTES_MAX} bytes`)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f]/.test(name)) throw refuse('the name has control characters')
}
