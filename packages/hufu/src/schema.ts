/** What a Standard Schema v1 validator (zod, valibot, arktype, …) shows of itself. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type Types<S extends StandardSchema> = NonNullable<S['~standard']['types']>
export type InputOf<S extends StandardSchema> = Types<S>['input']
export type OutputOf<S extends StandardSchema> = Types<S>['output']

/** The value as the schema gives it, or the issues in one line; at once where the schema can. */
export function check<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
): Checked<Output> | Promise<Checked<Output>> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(checked) : checked(result)
}

/** What a schema said of a value. */
export type Checked<Output> = { value: Output } | { issues: string }

function checked<Output>(result: SchemaResult<Output>): Checked<Output> {
  if (result.issues === undefined) return { value: result.value }
  return { issues: result.issues.map(issueText).join('; ') }
}

function issueText(issue: SchemaIssue): string {
  const path = issue.path
    ?.map((step) => String(typeof step === 'object' ? step.key : step))
    .join('.')
  return path ? `${path}: ${issue.message}` : issue.message
}
