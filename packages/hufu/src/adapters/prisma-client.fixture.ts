import { getPrismaClient } from '@prisma/client/runtime/client'
import type { PrismaTx } from './prisma.ts'

/** As far as the tests use it. */
export interface PrismaClient extends PrismaTx {
  $transaction<T>(fn: (tx: PrismaTx) => Promise<T>): Promise<T>
  $disconnect(): Promise<void>
}

/** The project's types have Node's names and no browser's, of which this is one. */
const { WebAssembly: Wasm } = globalThis as unknown as {
  readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => object }
}

/**
 * A client as `prisma generate` writes it for a schema without models, which is all that raw
 * statements need: the runtime is the installed one. The command that generates would bring 150
 * packages more.
 */
export function prismaClient(provider: 'postgresql' | 'mysql', adapter: unknown): PrismaClient {
  const compiler = `@prisma/client/runtime/query_compiler_fast_bg.${provider}`
  const Client = getPrismaClient({
    activeProvider: provider,
    inlineSchema: `datasource db {\n  provider = "${provider}"\n}\n`,
    previewFeatures: [],
    clientVersion: '7.10.0',
    engineVersion: '0edf323efd1d98336f3f0a68684b56f689b900d3',
    runtimeDataModel: { models: {}, enums: {}, types: {} },
    parameterizationSchema: { strings: [], graph: 'AAAA' },
    compilerWasm: {
      getRuntime: () => import(`${compiler}.mjs`),
      async getQueryCompilerWasmModule() {
        const { wasm } = await import(`${compiler}.wasm-base64.mjs`)
        return new Wasm.Module(Buffer.from(wasm, 'base64'))
      },
      importName: './query_compiler_fast_bg.js',
    },
  })
  return new Client({ adapter } as never) as unknown as PrismaClient
}
