import { open } from 'node:fs/promises'
import type { DemoOptions } from '../options.ts'
import { UsageError } from '../options.ts'
import { generatedInput } from './generator.ts'

/** Where the orders come from. */
export type Source = AsyncIterable<Buffer> | Iterable<Buffer>

/** Opens the input; throws `UsageError` when it cannot be read. */
export async function openSource({ orders, seed, count }: DemoOptions): Promise<Source> {
  if (orders === undefined) return generatedInput(seed, count)
  if (orders === '-') return readable(process.stdin, 'standard input')
  try {
    const file = await open(orders, 'r')
    if ((await file.stat()).isDirectory()) {
      await file.close()
      throw new Error('it is a folder')
    }
    return readable(file.createReadStream(), orders)
  } catch (error) {
    throw unreadable(orders, error)
  }
}

async function* readable(stream: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk
  } catch (error) {
    throw unreadable(name, error)
  }
}

function unreadable(name: string, error: unknown): UsageError {
  return new UsageError(`Reading the orders of ${name}: ${(error as Error).message}`)
}
