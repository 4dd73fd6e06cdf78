import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Delivery, Peeked } from '@hufu/broker'
import { Findings } from '../world/findings.ts'
import { Marks } from '../world/marks.ts'
import { checkContents } from './contents.ts'
import type { Group } from './copy.ts'
import { DirectModel, type Now } from './model.ts'

const NOW: Now = {
  elapsed: 100,
  brokerTime: 1_100,
  life: 1,
  jumped: 0,
  wentBack: false,
  uncleanEnds: 0,
  orderlyEnds: 0,
}

/** A history made by hand, and the rules that it breaks. */
class History {
  readonly findings = new Findings()
  readonly model = new DirectModel(this.findings, new Marks())

  sent(token: string, queue = 'patient', more: { key?: string; delayMs?: number } = {}) {
    const body = Buffer.from(`body of ${token}`)
    return this.model.send(token, { queues: [queue], body, ...more }, NOW)
  }

  confirmed(token: string, id: number, queue = 'patient', more: { key?: string } = {}) {
    const sent = this.sent(token, queue, more)
    this.model.confirm(sent, id)
    return sent
  }

  deliver(token: string, more: Partial<Delivery> = {}, now: Now = NOW, consumer = 1) {
    return this.model.deliver(shown(token, more), consumer, now)
  }

  get broken(): string[] {
    return [...new Set(this.findings.all.map(({ rule }) => rule))]
  }
}

function shown(token: string, more: Partial<Delivery> = {}): Delivery {
  return {
    id: 1,
    queue: 'patient',
    body: Buffer.from(`body of ${token}`),
    properties: Buffer.from(token),
    attempts: 0,
    redelivered: false,
    time: 0,
    ...more,
  }
}

/** Settles as done, and hears that it is stored. */
function settle(history: History, copy: ReturnType<History['deliver']>): void {
  const done = { id: 1, outcome: 'done' } as const
  history.model.settled(copy!, done, history.model.ask(copy!, done, NOW))
}

describe('the checker of direct messages finds', () => {
  const finds = (rule: string, play: (history: History) => void) => {
    it(`${rule}`, () => {
      const history = new History()
      play(history)
      assert.deepEqual(history.broken, [rule])
    })
  }

  finds('nothing is invented', (history) => history.deliver('m0'))

  finds('bodies come as they were given', (history) => {
    history.confirmed('m0', 1)
    history.deliver('m0', { body: Buffer.from('other') })
  })

  finds('what is settled never comes again', (history) => {
    history.confirmed('m0', 1)
    settle(history, history.deliver('m0'))
    history.deliver('m0', { redelivered: true })
  })

  finds('what was refused is never delivered', (history) => {
    history.sent('m0').refused = true
    history.deliver('m0')
  })

  finds('nobody gets what another one holds', (history) => {
    history.confirmed('m0', 1)
    history.deliver('m0')
    history.deliver('m0', { redelivered: true }, NOW, 2)
  })

  finds('what comes again is marked as redelivered', (history) => {
    history.confirmed('m0', 1)
    history.deliver('m0')
    history.model.released(1, 1)
    history.deliver('m0')
  })

  finds('nothing comes before its time', (history) => {
    history.sent('m0', 'patient', { delayMs: 50 })
    history.deliver('m0', {}, { ...NOW, elapsed: 149, brokerTime: 1_149 })
  })

  finds('attempts are never too low', (history) => {
    history.confirmed('m0', 1)
    history.deliver('m0')
    history.model.cutOff(1)
    history.deliver('m0', { redelivered: true }, { ...NOW, life: 2, uncleanEnds: 1 })
  })

  finds('attempts are never too low', (history) => {
    history.confirmed('m0', 1, 'counted')
    const copy = history.deliver('m0', { queue: 'counted' })
    const requeue = { id: 1, outcome: 'requeue' } as const
    history.model.settled(copy!, requeue, history.model.ask(copy!, requeue, NOW))
    history.deliver('m0', { queue: 'counted', redelivered: true })
  })

  finds('attempts never sink', (history) => {
    history.confirmed('m0', 1)
    const late = { ...NOW, uncleanEnds: 2 }
    history.deliver('m0', { attempts: 2 }, late)
    history.model.released(1, 1)
    history.deliver('m0', { attempts: 1, redelivered: true }, late)
  })

  finds('attempts are never invented', (history) => {
    history.confirmed('m0', 1)
    history.deliver('m0', { attempts: 1 })
  })

  finds('a poisoned message ends', (history) => {
    history.confirmed('m0', 1, 'parking')
    const late = { ...NOW, uncleanEnds: 2 }
    history.deliver('m0', { queue: 'parking', attempts: 2 }, late)
  })

  finds('the messages of a key come in order', (history) => {
    for (const [at, token] of ['m0', 'm1'].entries()) {
      history.confirmed(token, at + 1, 'ordered', { key: 'k' })
    }
    settle(history, history.deliver('m1', { id: 2, queue: 'ordered' }))
    history.deliver('m0', { id: 1, queue: 'ordered' })
  })

  finds('one message of a key at a time', (history) => {
    for (const [at, token] of ['m0', 'm1'].entries()) {
      history.confirmed(token, at + 1, 'ordered', { key: 'k' })
    }
    history.deliver('m0', { id: 1, queue: 'ordered' })
    history.deliver('m1', { id: 2, queue: 'ordered' })
  })

  finds('an id is given once', (history) => {
    history.confirmed('m0', 1)
    history.confirmed('m1', 1)
  })

  finds('a message keeps its id', (history) => {
    history.confirmed('m0', 1)
    history.deliver('m0', { id: 2 })
  })

  finds('nothing is seen before its commit', (history) => {
    const group: Group = { name: 'b', sents: [], settles: [], commit: 'no' }
    const body = Buffer.from('body of m0')
    history.model.send('m0', { queues: ['patient'], body }, NOW, group)
    history.deliver('m0')
  })

  finds('only what failed is dead-lettered', (history) => {
    history.confirmed('m0', 1, 'ordered')
    const deadLetter = { queue: 'ordered', id: 1, attempts: 0, history: [] }
    history.deliver('m0', { id: 2, queue: 'dead', deadLetter })
  })

  finds('a message is dead-lettered once', (history) => {
    history.confirmed('m0', 1, 'ordered')
    const deadLetter = { queue: 'ordered', id: 1, attempts: 3, history: [] }
    history.deliver('m0', { id: 2, queue: 'dead', deadLetter })
    history.model.released(1, 1)
    history.deliver('m0', { id: 3, queue: 'dead', deadLetter })
    // The ids belong to one dead letter, so that rule is broken alone.
  })
})

describe('the comparison of contents finds', () => {
  const finds = (rule: string, play: (history: History) => Delivery[]) => {
    it(`${rule}`, () => {
      const history = new History()
      const found = play(history) as Peeked[]
      checkContents(history.model, found, history.findings, () => undefined)
      assert.ok(history.broken.includes(rule), history.broken.join(', '))
    })
  }

  finds('what was confirmed is delivered or still there', (history) => {
    history.confirmed('m0', 1)
    return []
  })

  finds('what is settled is gone', (history) => {
    history.confirmed('m0', 1)
    settle(history, history.deliver('m0'))
    return [shown('m0')]
  })

  finds('a message is in a queue once', (history) => {
    history.confirmed('m0', 1)
    return [shown('m0'), shown('m0', { id: 2 })]
  })

  finds('what was refused is not there', (history) => {
    history.sent('m0').refused = true
    return [shown('m0')]
  })

  finds('what goes together is all there or not at all', (history) => {
    const body = Buffer.from('body of m0')
    history.model.send('m0', { queues: ['patient', 'small'], body }, NOW)
    return [shown('m0')]
  })

  finds('ids rise in publish order', (history) => {
    history.confirmed('m0', 2)
    history.confirmed('m1', 1)
    return [shown('m0', { id: 2 }), shown('m1', { id: 1 })]
  })

  it('nothing where all is well', () => {
    const history = new History()
    history.confirmed('m0', 1)
    history.sent('m1')
    checkContents(history.model, [shown('m0')] as Peeked[], history.findings, () => undefined)
    assert.deepEqual(history.broken, [])
  })
})
