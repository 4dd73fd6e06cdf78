import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './main.ts'
import type { Verb } from './verb.ts'
import { CannotRunError, UsageError } from './verb.ts'

const look: Verb = {
  name: 'look',
  args: ['DIR'],
  about: 'Looks at a folder',
  options: { at: { type: 'string' } },
  async run({ args: [dir], options, say }) {
    say('looking')
    if (dir === 'unreadable') throw new UsageError(`Cannot look at ${dir}: no permission`)
    if (dir === 'elsewhere') throw new CannotRunError('there is no elsewhere here')
    if (dir === 'broken') throw new RangeError('a defect')
    return { holds: dir !== 'bad', text: `seen ${dir}`, json: { dir, at: options.at } }
  },
}

async function call(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const output = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) }
  const code = await run(args, output, [look])
  return { code, out, err }
}

test('0: what a verb checks holds, 1: it does not', async () => {
  assert.deepEqual(await call('look', 'good'), { code: 0, out: ['seen good'], err: ['looking'] })
  assert.deepEqual(await call('look', 'bad'), { code: 1, out: ['seen bad'], err: ['looking'] })
})

test('with --json standard output is one object, the rest goes to standard error', async () => {
  const wanted = { code: 0, out: ['{"dir":"good","at":"noon"}'], err: ['looking', 'seen good'] }
  assert.deepEqual(await call('look', 'good', '--at', 'noon', '--json'), wanted)
  assert.deepEqual(await call('--json', 'look', '--at=noon', 'good', '--json'), wanted)
})

test('2: wrong usage or unreadable input', async () => {
  const wrong: Record<string, RegExp> = {
    '': /^Usage: hufu VERB/,
    dance: /^Cannot run 'hufu dance': no such verb/,
    look: /^Cannot run 'hufu look': it takes 1 argument\nUsage: hufu look DIR \[--at AT\]/,
    'look a b': /^Cannot run 'hufu look': it takes 1 argument/,
    'look a --far': /^Cannot run 'hufu look': Unknown option '--far'$/,
    'help dance': /^Cannot run 'hufu help dance': no such verb/,
    'look unreadable': /^Cannot look at unreadable: no permission/,
  }
  for (const [line, message] of Object.entries(wrong)) {
    const { code, out, err } = await call(...line.split(' ').filter((word) => word !== ''))
    assert.equal(code, 2)
    assert.match(err.at(-1) ?? '', message)
    assert.deepEqual(out, [])
  }
  const { code, out } = await call('dance', '--json')
  assert.equal(code, 2)
  assert.match(JSON.parse(out[0] ?? '').error, /no such verb/)
  const none = await call('--json')
  assert.equal(none.code, 2)
  assert.equal(JSON.parse(none.out[0] ?? '').error, none.err.at(-1))
  assert.match(none.err.at(-1) ?? '', /^Cannot run 'hufu': no verb is given; see hufu --help$/)
})

test('3: it cannot run here, and says why', async () => {
  const { code, out } = await call('look', 'elsewhere', '--json')
  assert.equal(code, 3)
  assert.deepEqual(out, ['{"skipped":"there is no elsewhere here"}'])
})

test('a defect is not called a usage error', async () => {
  await assert.rejects(call('look', 'broken'), RangeError)
})

test('help lists the verbs; help of a verb its options', async () => {
  assert.match((await call('--help')).out.join('\n'), /^ {2}look DIR {2}Looks at a folder$/m)
  assert.match((await call('look', '--help')).out.join('\n'), /^Usage: hufu look DIR \[--at AT\]/)
})

test('the verb help is the same as the option', async () => {
  assert.deepEqual(await call('help'), await call('--help'))
  assert.deepEqual(await call('help', 'look'), await call('look', '--help'))
})

const group = ['list', 'add'].map((word): Verb => {
  const json = { word }
  return {
    ...{ name: `users ${word}`, args: word === 'add' ? ['NAME'] : [], about: `Does ${word}` },
    options: {},
    run: async () => ({ holds: true, text: word, json }),
  }
})

async function callOfGroup(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []]
  const output = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) }
  const code = await run(args, output, [look, ...group])
  return { code, out: out.join('\n'), err: err.join('\n') }
}

test('a verb may have two words; the help shows the second ones together', async () => {
  assert.deepEqual(await callOfGroup('users', 'list'), { code: 0, out: 'list', err: '' })
  assert.match((await callOfGroup('--help')).out, /^ {2}look DIR .*\n\n {2}users {2}list, add$/m)
  const wanted = /^Usage: hufu users VERB [\s\S]*users add NAME {2}Does add/
  assert.match((await callOfGroup('users', '--help')).out, wanted)
  assert.match((await callOfGroup('help', 'users')).out, wanted)
  assert.match((await callOfGroup('help', 'users', 'add')).out, /^Usage: hufu users add NAME/)
  assert.match((await callOfGroup('users', 'add', '--help')).out, /^Usage: hufu users add NAME/)
  const none = await callOfGroup('users')
  assert.equal(none.code, 2)
  assert.match(none.err, wanted)
  const strange = await callOfGroup('users', 'dance')
  const text = "Cannot run 'hufu users dance': no such verb; see hufu users --help"
  assert.deepEqual(strange, { code: 2, out: '', err: text })
})
