import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publishedManifest } from './manifest.ts'

test('a published package exports compiled files and names its Node', () => {
  const manifest = {
    name: 'hufu',
    bin: { hufu: './bin/hufu.js' },
    exports: { '.': './src/index.ts', './testing': './src/testing/index.ts' },
  }
  assert.deepEqual(publishedManifest(manifest), {
    name: 'hufu',
    bin: { hufu: './bin/hufu.js' },
    engines: { node: '>=24' },
    exports: {
      '.': { types: './src/index.d.ts', default: './src/index.js' },
      './testing': { types: './src/testing/index.d.ts', default: './src/testing/index.js' },
    },
  })
})
