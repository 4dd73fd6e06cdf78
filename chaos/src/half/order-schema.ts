import type { StandardSchema } from 'hufu'

/** The message is about an order, named by its id. */
export const orderSchema: StandardSchema<{ id: string }> = {
  '~standard': {
    version: 1,
    vendor: 'hufu-chaos',
    validate(value) {
      const { id } = (value ?? {}) as { id?: unknown }
      return typeof id === 'string' ? { value: { id } } : { issues: [{ message: 'no id' }] }
    },
  },
}
