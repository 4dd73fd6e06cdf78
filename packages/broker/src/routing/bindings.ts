import type { Binding, Destination } from './exchange.ts'
import { bindingId } from './exchange.ts'

type Listed = Map<string, Binding>

/** All bindings, found by both of their ends. */
export class Bindings {
  readonly #all: Listed = new Map()
  readonly #from = new Map<string, Listed>()
  readonly #to = new Map<string, Listed>()

  get size(): number {
    return this.#all.size
  }

  /** The binding that is there and the same as this one. */
  find(binding: Binding): Binding | undefined {
    return this.#all.get(bindingId(binding))
  }

  add(binding: Binding): void {
    const id = bindingId(binding)
    this.#all.set(id, binding)
    listUnder(this.#from, binding.source).set(id, binding)
    listUnder(this.#to, end(binding.destination)).set(id, binding)
  }

  remove(binding: Binding): void {
    const id = bindingId(binding)
    this.#all.delete(id)
    unlist(this.#from, binding.source, id)
    unlist(this.#to, end(binding.destination), id)
  }

  all(): Binding[] {
    return [...this.#all.values()]
  }

  from(exchange: string): Binding[] {
    return [...(this.#from.get(exchange)?.values() ?? [])]
  }

  hasFrom(exchange: string): boolean {
    return this.#from.has(exchange)
  }

  to(destination: Destination): Binding[] {
    return [...(this.#to.get(end(destination))?.values() ?? [])]
  }
}

function end({ kind, name }: Destination): string {
  return `${kind} ${name}`
}

function listUnder(lists: Map<string, Listed>, name: string): Listed {
  const known = lists.get(name)
  if (known !== undefined) return known
  const list: Listed = new Map()
  lists.set(name, list)
  return list
}

function unlist(lists: Map<string, Listed>, name: string, id: string): void {
  const list = lists.get(name)
  list?.delete(id)
  if (list?.size === 0) lists.delete(name)
}
