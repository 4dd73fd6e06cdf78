import { createReadStream, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { DemoOptions } from '../options.ts'
import { UsageError } from '../options.ts'
import { generatedInput } from './generator.ts'

/** Where the orders come from. */
export type Source = AsyncIterable<Buffer> | Iterable<Buffer>

/**
 * Opens the input; throws `UsageError` when it cannot be read. A named pipe is waited for, so call
 * it before signals are caught.
 */
export function openSource({ orders, seed, count }: DemoOptions): Source {
  if (orders === undefined) return generatedInput(seed, count)
  if (orders === '-') return readable(process.stdin, 'standard input')
  try {
    const fd = openSync(orders, 'r')
    const stats = fstatSync(fd)
    if (stats.isDirectory()) throw new Error('it is a folder')
    // A read of a named pipe that waits for its writer would keep the process from ending.
    const stream = stats.isFIFO() ? new Socket({ fd }) : createReadStream('', { fd })
    return readable(stream, orders)
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
