import { AuthError } from './errors.ts'

/** A value in a definitions file, which knows where it stands. */
export class Place {
  readonly path: string
  readonly value: unknown

  constructor(path: string, value: unknown) {
    this.path = path
    this.value = value
  }

  get isMissing(): boolean {
    return this.value === undefined || this.value === null
  }

  /** A field of this object. */
  at(name: string): Place {
    return new Place(this.path === '' ? name : `${this.path}.${name}`, this.fields()[name])
  }

  fields(): Readonly<Record<string, unknown>> {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wants('an object')
    }
    return value as Record<string, unknown>
  }

  /** As `fields`; nothing, and the empty list that RabbitMQ writes for it, have none. */
  fieldsOrNone(): Readonly<Record<string, unknown>> {
    const isNone = this.isMissing || (Array.isArray(this.value) && this.value.length === 0)
    return isNone ? {} : this.fields()
  }

  /** The entries of this list, none when it is missing. */
  list(): Place[] {
    if (this.isMissing) return []
    if (!Array.isArray(this.value)) throw this.wants('a list')
    return this.value.map((value, index) => new Place(`${this.path}[${index}]`, value))
  }

  text(missing?: string): string {
    if (this.isMissing && missing !== undefined) return missing
    if (typeof this.value !== 'string') throw this.wants('a text')
    return this.value
  }

  flag(missing?: boolean): boolean {
    if (this.isMissing && missing !== undefined) return missing
    if (typeof this.value !== 'boolean') throw this.wants('true or false')
    return this.value
  }

  integer(missing?: number): number {
    if (this.isMissing && missing !== undefined) return missing
    if (!Number.isSafeInteger(this.value)) throw this.wants('a whole number')
    return this.value as number
  }

  oneOf<T extends string>(values: readonly T[], missing?: T): T {
    const text = this.text(missing)
    const found = values.find((each) => each === text)
    if (found === undefined) throw this.wants(`one of ${values.join(', ')}`)
    return found
  }

  wants(what: string): AuthError {
    if (this.isMissing) return this.wrong(`it is missing, and has to be ${what}`)
    return this.wrong(`it has to be ${what}, and is ${JSON.stringify(this.value).slice(0, 50)}`)
  }

  wrong(why: string): AuthError {
    return new AuthError('argument', `Reading definitions: ${this.path || 'the file'}: ${why}`)
  }

  /** What `check` refuses is refused here. */
  checked<T>(check: () => T): T {
    try {
      return check()
    } catch (error) {
      if (error instanceof AuthError) throw this.wrong(error.message)
      throw error
    }
  }
}
