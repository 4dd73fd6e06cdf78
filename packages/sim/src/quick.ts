import { drawPlan } from './plan/draw.ts'
import { stepText } from './plan/step.ts'
import { runWorld } from './world/world.ts'
const from = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 100)
const trace = process.argv[4] === 'trace'
const t = performance.now(); const marks: Record<string, number> = {}; const rules: Record<string, number[]> = {}
process.on('unhandledRejection', (e) => { console.log('UNHANDLED', e) })
for (let s = from; s < from + n; s++) {
  const plan = drawPlan(s)
  if (trace) for (const x of plan.steps) console.log(stepText(x))
  const o = await runWorld(plan, trace ? (l) => { if (!/^[\d.]+ event/.test(l)) console.log(l) } : undefined)
  for (const m of o.marks.seen) marks[m] = (marks[m] ?? 0) + 1
  if (o.violation) { (rules[o.violation.rule] ??= []).push(s); if (rules[o.violation.rule]!.length <= 3) console.log(s, o.violation) }
}
console.log(marks, Object.fromEntries(Object.entries(rules).map(([k, v]) => [k, `${v.length}: ${v.slice(0, 8)}`])), n / ((performance.now() - t) / 1000), 'seeds/s')
