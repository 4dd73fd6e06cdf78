import { open } from 'node:fs/promises'
import type { DemoOptions } from '../options.ts'
import { UsageError } from '../options.ts'
import { generatedInput } from './generator.ts'

/** Where the orders come from. */
export type Source = AsyncIterable<Buffer> | Iterable<Buffer>

/** Opens the input; throws `UsageError` when it cannot be read. */
export async function openSource({ orders, seed, count }: DemoOptions): Promise<Source> {
  if (orders === undefined) return generatedInput(seed, count)
  if (orders === '-') return process.stdin
  try {
    const file = await open(orders, 'r')
    if ((await file.stat()).isDirectory()) {
      await file.close()
      throw new Error('it is a folder')
    }
    return file.createReadStream()
  } catch (error) {
    throw new UsageError(`Reading the orders of ${orders}: ${(error as Error).message}`)
  }
}
