// Many rules are looked up, a few are looked through: both must say the same.
import t from 'tap'
import { configuredRule, guestRule, last, optionalRule, skipRule } from '../../../src/access/rules/listed-rules.ts'
import { hostName } from '../../../src/access/rules/hosts.ts'
import { fold } from '../../../src/access/rules/prefix.ts'
import { compileRules, type Rule, type RuleConfig } from '../../../src/access/rules/rules.ts'
import type { ListedRule } from '../../../src/access/rules/rule.ts'
import { hasWay, missOf, type Way } from '../../../src/access/rules/scope.ts'
import { parseSkipRoute } from '../../../src/access/rules/skip-route.ts'
import { isCi } from '../../fixtures/lacking.ts'
import { fc } from '../../fixtures/random.ts'

const name = fc.constantFrom('a', 'A', 'b', 'ab', 'a.b', 'a.json', 'é', 'É', 'e', 'ß', 'ss', 'my app', 'x.php', 'é.php', 'index.php')
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(names => `/${names.join('/')}`)
const rule: fc.Arbitrary<RuleConfig> = fc.record({
  path: fc.oneof({ weight: 80, arbitrary: path }, fc.constant('/')),
  methods: fc.option(fc.constantFrom(['GET'], ['POST'], ['HEAD', 'PUT']), { nil: undefined, freq: 4 }),
  host: fc.option(fc.constantFrom(['one.example'], ['*.example', 'localhost']), { nil: undefined, freq: 6 }),
  allow: fc.constantFrom<RuleConfig['allow'][]>('public', 'optional', 'signed-in', { groups: ['g'] })
}).map(({ path, methods, host, allow }) => ({ path, allow, ...methods !== undefined && { methods }, ...host !== undefined && { host } }))
const openings = fc.record({
  optional: fc.constantFrom(true, false, false, false),
  guests: fc.subarray(['/a', '/a/b', '/É/*', '/index.php/*', '/my app/a', '/ß'], { maxLength: 3 }),
  skips: fc.subarray(['GET=/a/[^/]+', '/b(/.*)?', 'POST!=^/(a|é)'], { maxLength: 2 }).map(texts => texts.map(parseSkipRoute))
})

/** As servers hand a path on: decoded, not decoded, or a character a byte, with something before, behind, or between. */
const spelled = fc.tuple(path, fc.constantFrom('', '', '/', '/x', '.json', '.', 'x', '/ws', '.json/x'), fc.constantFrom('', '', '', '/index.php', '/a/x.php', '/INDEX.PHP'), fc.constantFrom<((text: string) => string)[]>(
  text => text, text => text, encodeURI, text => encodeURI(text).toLowerCase(), text => Buffer.from(text).toString('latin1'), text => text.toUpperCase(), text => text.replaceAll(' ', '+'), text => text.normalize('NFD'), text => text.replaceAll('a', 'ａ')
)).map(([path, behind, before, spell]) => spell(before + (path === '/' && before !== '' ? '' : path) + behind))
const way: fc.Arbitrary<Way> = fc.record({ method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE'), host: fc.constantFrom('one.example', 'ONE.example:80', 'x.example', '127.0.0.1:1', 'other') })

/** Looks at each of the entries, one after the other. */
function plainly (entries: readonly ListedRule[], reading: string, way: Way): { readonly exact: ListedRule, readonly near: readonly Rule[] } {
  const folded = fold(reading)
  const fitting = entries.filter(entry => hasWay(entry, way) === null)
  const at = fitting.findIndex(({ paths }) => paths.covers(reading))
  const before = at === -1 ? fitting : fitting.slice(0, at)
  const first = before.find(({ paths }) => paths.coversFolded(folded))
  return { exact: fitting[at] ?? last, near: before.filter(entry => entry === first || entry.paths.continuesFolded(folded)).map(({ rule }) => rule) }
}

const names = (rules: readonly Rule[]) => rules.map(({ name }) => name)

t.test('whatever is asked of many rules is what a look at each of them would say', async t => {
  const seen = { asked: 0, decided: 0, near: 0, below: 0 }
  const numRuns = isCi ? 3_000 : 200
  fc.assert(fc.property(fc.array(rule, { minLength: 9, maxLength: 60 }), openings, fc.array(fc.tuple(spelled, way), { minLength: 8, maxLength: 8 }), (configs, opened, asked) => {
    const rules = compileRules(configs, opened)
    const entries = [...opened.skips.map(skipRule), ...opened.guests.map(guestRule), ...configs.map(configuredRule), ...opened.optional ? [optionalRule] : []]
    const wholes = entries.filter(({ isWhole }) => isWhole)
    const methods = [...new Set(configs.flatMap(({ methods }) => methods ?? []))]
    for (const [reading, asking] of asked) {
      const way = configs.some(({ host }) => host !== undefined) ? { ...asking, host: hostName(asking.host) } : asking
      const match = (list: readonly ListedRule[], method: string) => {
        const { exact, near } = plainly(list, reading, { ...way, method })
        return [exact.rule, ...near]
      }
      const below = wholes.filter(entry => hasWay({ ...entry, methods: undefined }, way) === null && entry.paths.isBelowFolded(fold(reading))).map(({ rule }) => rule)
      const { exact, near } = plainly(entries, reading, way)
      const until = exact === last ? [...entries, last] : entries.slice(0, entries.indexOf(exact) + 1)
      const what = `${way.method} ${JSON.stringify(reading)} at ${way.host}`
      same(what, names(rules.match(reading, asking)), names(match(entries, way.method)))
      same(`all of ${what}`, names(rules.whole(reading, asking)), names([...[way.method, ...methods].flatMap(method => match(wholes, method)), ...below]))
      same(`below ${what}`, names(rules.below(reading, asking)), names(below))
      same(`the trace of ${what}`, rules.trace(reading, asking).map(({ rule, miss, near }) => [rule.name, miss, near]), until.map(entry => [entry.rule.name, missOf(entry, reading, way), near.includes(entry.rule)]))
      seen.asked++
      if (exact !== last) seen.decided++
      if (near.length > 0) seen.near++
      if (below.length > 0) seen.below++
    }
  }), { numRuns, includeErrorInReport: true })
  t.comment(JSON.stringify(seen))
  t.ok(seen.decided > seen.asked / 6 && seen.asked - seen.decided > seen.asked / 20, 'by a rule, and by none')
  t.ok(seen.near > seen.asked / 10 && seen.below > seen.asked / 30, 'by rules that they nearly are, and with rules below')
})

function same (what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${what}: ${JSON.stringify(found)}, and by a look at each ${JSON.stringify(wanted)}`)
}
