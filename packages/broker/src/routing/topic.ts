import type { Binding, Destination } from './exchange.ts'
import type { Arguments } from './fields.ts'
import type { Matcher } from './matcher.ts'

/** Reached by the words of a pattern so far. */
interface Place {
  readonly next: Map<string, Place>
  /** Reached by `#`: any further words stay here. */
  readonly many: boolean
  readonly bindings: Set<Binding>
}

/**
 * Words between dots; in a binding key `*` stands for one word and `#` for any number of them. The
 * patterns form a tree of words. A message walks it with all the places it can be at, so that each
 * place is seen once per word however many `#` there are.
 */
export class TopicMatcher implements Matcher {
  readonly volatile = false
  readonly #root = place(false)

  add(binding: Binding): void {
    let at = this.#root
    for (const word of wordsOf(binding.key)) {
      let next = at.next.get(word)
      if (next === undefined) {
        next = place(word === '#')
        at.next.set(word, next)
      }
      at = next
    }
    at.bindings.add(binding)
  }

  remove(binding: Binding): void {
    removeUnder(this.#root, wordsOf(binding.key), 0, binding)
  }

  match(key: string, _headers: () => Arguments, visit: (to: Destination) => void): void {
    let here = new Set<Place>()
    arrive(here, this.#root)
    for (const word of wordsOf(key)) {
      const next = new Set<Place>()
      for (const at of here) {
        if (at.many) next.add(at)
        if (at.next.size === 0) continue
        arrive(next, at.next.get('*'))
        if (word !== '*' && word !== '#') arrive(next, at.next.get(word))
      }
      if (next.size === 0) return
      here = next
    }
    for (const at of here) for (const binding of at.bindings) visit(binding.destination)
  }
}

function place(many: boolean): Place {
  return { next: new Map(), many, bindings: new Set() }
}

/** No key has no words: `#` takes it, `*` does not. */
function wordsOf(key: string): string[] {
  return key === '' ? [] : key.split('.')
}

/** With a place comes what `#` reaches from it without a word. */
function arrive(places: Set<Place>, at: Place | undefined): void {
  for (let place = at; place !== undefined; place = place.next.get('#')) places.add(place)
}

function removeUnder(at: Place, words: readonly string[], index: number, binding: Binding): void {
  const word = words[index]
  if (word === undefined) {
    at.bindings.delete(binding)
    return
  }
  const next = at.next.get(word)
  if (next === undefined) return
  removeUnder(next, words, index + 1, binding)
  if (next.next.size === 0 && next.bindings.size === 0) at.next.delete(word)
}
