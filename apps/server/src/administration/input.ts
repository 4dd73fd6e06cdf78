/** What an operation was given is wrong. */
export class InputError extends Error {}

/** What an operation is given, from JSON. Every method throws `InputError`. */
export class Input {
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(given: unknown) {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new InputError('the input is no JSON object')
    }
    this.#fields = given as Record<string, unknown>
  }

  static parse(json: string): Input {
    try {
      return new Input(JSON.parse(json))
    } catch (error) {
      if (error instanceof InputError) throw error
      throw new InputError(`the input is no JSON: ${(error as Error).message}`)
    }
  }

  /** For a log: without passwords, and without a whole file. */
  told(): Readonly<Record<string, unknown>> {
    const { password: _, json: __, ...rest } = this.#fields
    return rest
  }

  text(name: string): string {
    const value = this.#fields[name]
    return typeof value === 'string' ? value : this.#wrong(name, 'a text')
  }

  textOr<T>(name: string, missing: T): string | T {
    return this.#isMissing(name) ? missing : this.text(name)
  }

  /** A whole number from 0. */
  count(name: string): number {
    const value = this.#fields[name]
    if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value)
    return this.#wrong(name, 'a whole number from 0')
  }

  countOr<T>(name: string, missing: T): number | T {
    return this.#isMissing(name) ? missing : this.count(name)
  }

  /** Undefined: not given; null: none. */
  limit(name: string): number | null | undefined {
    return this.#fields[name] === null ? null : this.countOr(name, undefined)
  }

  flag(name: string): boolean {
    const value = this.#fields[name] ?? false
    return typeof value === 'boolean' ? value : this.#wrong(name, 'true or false')
  }

  /** A list of texts; none when it is missing. */
  texts(name: string): string[] {
    const value = this.#fields[name] ?? []
    const good = Array.isArray(value) && value.every((each) => typeof each === 'string')
    return good ? value : this.#wrong(name, 'a list of texts')
  }

  table(name: string): Readonly<Record<string, unknown>> {
    const value = this.#fields[name]
    const good = typeof value === 'object' && value !== null && !Array.isArray(value)
    return good ? (value as Record<string, unknown>) : this.#wrong(name, 'an object')
  }

  /** Empty where it is missing. */
  tableOr(name: string): Readonly<Record<string, unknown>> {
    return this.#isMissing(name) ? {} : this.table(name)
  }

  #isMissing(name: string): boolean {
    return this.#fields[name] === undefined || this.#fields[name] === null
  }

  #wrong(name: string, wanted: string): never {
    const value = JSON.stringify(this.#fields[name])
    throw new InputError(`${name} is ${value?.slice(0, 50) ?? 'missing'}, not ${wanted}`)
  }
}
