/** A regular expression as a tree. */
export type Node =
  | { readonly kind: 'one'; readonly fits: (code: number) => boolean }
  | { readonly kind: 'at'; readonly holds: (text: string, at: number) => boolean }
  | { readonly kind: 'all'; readonly parts: readonly Node[] }
  | { readonly kind: 'any'; readonly options: readonly Node[] }
  | { readonly kind: 'times'; readonly part: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'ahead'; readonly part: Node; readonly not: boolean }

/** Whether a character (a UTF-16 unit) is meant. */
export type Fits = (code: number) => boolean

const between = (low: string, high: string): Fits => {
  const from = low.charCodeAt(0)
  const to = high.charCodeAt(0)
  return (code) => code >= from && code <= to
}

const isDigit = between('0', '9')
const isLower = between('a', 'z')
const isUpper = between('A', 'Z')
const isSpace: Fits = (code) => code === 32 || (code >= 9 && code <= 13)

const isWord: Fits = (code) => {
  return isDigit(code) || isLower(code) || isUpper(code) || code === 95
}

/** `\d`, `\D` and so on; undefined for other letters. */
export function classNamed(letter: string): Fits | undefined {
  const fits = { d: isDigit, w: isWord, s: isSpace }[letter.toLowerCase()]
  if (fits === undefined) return undefined
  return isLower(letter.charCodeAt(0)) ? fits : (code) => !fits(code)
}

export const dot: Node = { kind: 'one', fits: (code) => code !== 10 }
export const atStart: Node = { kind: 'at', holds: (_text, at) => at === 0 }
export const atEnd: Node = { kind: 'at', holds: (text, at) => at === text.length }

export function atWordEdge(wanted: boolean): Node {
  const word = (text: string, at: number) => isWord(text.charCodeAt(at))
  return { kind: 'at', holds: (text, at) => (word(text, at - 1) !== word(text, at)) === wanted }
}

/** Small and capital letters alike. */
export function anyCase(fits: Fits): Fits {
  return (code) => {
    const char = String.fromCharCode(code)
    return fits(char.toLowerCase().charCodeAt(0)) || fits(char.toUpperCase().charCodeAt(0))
  }
}
