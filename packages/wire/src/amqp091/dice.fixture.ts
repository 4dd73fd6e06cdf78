import type { Entries, FieldValue } from './field.ts'
import { CLASSES } from './method-table.ts'
import type { Method, MethodName } from './methods.ts'

/** The first seed of a randomised test; `HUFU_SEED` sets it. */
export const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)

/** Numbers, texts, tables and methods by chance, the same again for the same seed. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 0 to 2³² − 1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 2 ** 32) * limit)
  }

  flip(): boolean {
    return this.below(2) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256))
  }

  text(lengthMax = 20): string {
    const letters = ['a', 'b', '.', '#', '/', ' ', '\n', '\0', 'ü', '虎', '🐯']
    return Array.from({ length: this.below(lengthMax) }, () => this.pick(letters)).join('')
  }

  entries(depth = 0): Entries {
    return Array.from({ length: this.below(6) }, () => {
      return [this.text(), this.field(depth)] as const
    })
  }

  field(depth = 0): FieldValue {
    const type = this.pick([...'tbBsuIifdlLTDSxV', ...(depth < 4 ? 'AF' : '')] as const)
    const u64 = (BigInt(this.u32()) << 32n) | BigInt(this.u32())
    switch (type) {
      case 't':
        return { type, value: this.flip() }
      case 'b':
        return { type, value: this.below(256) - 128 }
      case 'B':
        return { type, value: this.below(256) }
      case 's':
        return { type, value: this.below(65_536) - 32_768 }
      case 'u':
        return { type, value: this.below(65_536) }
      case 'I':
        return { type, value: this.u32() | 0 }
      case 'i':
        return { type, value: this.u32() }
      case 'f':
        return { type, value: Math.fround(this.u32() / 7 - 2 ** 28) }
      case 'd':
        return { type, value: this.u32() / 7 - 2 ** 28 }
      case 'l':
      case 'L':
        return { type, value: BigInt.asIntN(64, u64) }
      case 'T':
        return { type, value: u64 }
      case 'D':
        return { type, value: { scale: this.below(256), digits: this.u32() } }
      case 'x':
        return { type, value: this.bytes(this.below(20)) }
      case 'A':
        return { type, value: Array.from({ length: this.below(5) }, () => this.field(depth + 1)) }
      case 'F':
        return { type, value: this.entries(depth + 1) }
      case 'V':
        return { type, value: null }
      default:
        return { type: 'S', value: this.text() }
    }
  }

  /** The method with arguments by chance; `table` makes tables. */
  method(name: MethodName, table: () => Uint8Array): Method {
    const [className, rest] = name.split('.', 2) as [keyof typeof CLASSES, string]
    const rows: Readonly<Record<string, readonly [number, object]>> = CLASSES[className]
    const values = Object.entries(rows[rest]![1]).flatMap(([key, type]) => {
      return type.startsWith('reserved') ? [] : [[key, this.#argument(type, table)]]
    })
    return { name, ...Object.fromEntries(values) }
  }

  #argument(type: string, table: () => Uint8Array): unknown {
    switch (type) {
      case 'octet':
        return this.below(256)
      case 'short':
        return this.below(65_536)
      case 'long':
        return this.u32()
      case 'longlong':
        return this.below(2 ** 21) * 2 ** 32 + this.u32()
      case 'bit':
        return this.flip()
      case 'longstr':
        return this.bytes(this.below(300))
      case 'table':
        return table()
      default:
        return this.text()
    }
  }
}

/** The names of all methods. */
export const METHOD_NAMES = Object.entries(CLASSES).flatMap(([className, methods]) => {
  return Object.keys(methods).map((name) => `${className}.${name}` as MethodName)
})
