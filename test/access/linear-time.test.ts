// ReDoS: what a stranger sends, and what an operator writes, is read in time linear in its length.
import t from 'tap'
import { isAutoload } from '../../src/access/autoload.ts'
import { destinationTarget } from '../../src/access/destination.ts'
import { createJudge } from '../../src/access/judge.ts'
import { isPrefetch, requestKind } from '../../src/access/navigation.ts'
import { originMatcher } from '../../src/access/origins.ts'
import { isPlain } from '../../src/access/readings.ts'
import { safeReturn } from '../../src/access/return-to.ts'
import { hostPattern } from '../../src/access/rules/hosts.ts'
import { fold } from '../../src/access/rules/prefix.ts'
import { compileRules } from '../../src/access/rules/rules.ts'
import { parseSkipRoute } from '../../src/access/rules/skip-route.ts'
import { options } from '../../src/config/options.ts'
import { withoutSessionParameters } from '../../src/proxy/panel.ts'

/** As much as all headers together may have. With quadratic time this takes minutes. */
const LONGEST = 64 * 1024
const PATIENCE = 2_000
const pieces = ['a', '/', '.', '..', './', '../', ' ', '%', '%2', '%2e', '%25', '%2f', ';', ';/', '\\', '//', '+', '$', ':', ':$', '#', '?', '&', '=', '\t', '\0', '\xff', '\xc3', 'é', '\u0301', '.php', '.php/', '/a.php', '. ', ' .', 'text/html,', ';q=0', 'a.', '@', 'bokeh-session-id=', '%u', '%u002', '-', '*', '[', 'autoload', ', ']

const judge = createJudge({
  upstreams: [{ path: '/' }, { path: '/api' }],
  rules: compileRules([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/größe', host: ['*.example.com'], allow: 'public' }, { path: '/', allow: 'signed-in' }], { guests: ['/app', '/pub/*'], skips: [parseSkipRoute('/(a+)+(b|a*)*$'), parseSkipRoute('GET!=^(/|a|%|\\.)*(admin|x)')] })
})
const admitsOrigin = originMatcher(options.allowWebsocketOrigin.parse('*.*.apps.example.com, https://*.example.org:8443, localhost:*'))
const way = { method: 'GET', host: 'app.example.com' }

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  'a path': text => judge.decide(judge.place(text), way, null),
  'whether a path is plain': isPlain,
  'a Destination': text => judge.decideDestination(text, 'http://app.example.com', judge.place('/x'), way, null),
  'the address of a Destination': text => destinationTarget(`http://app.example.com${text}`, 'http://app.example.com'),
  'a return': text => safeReturn(text, 'https://app.example.com', () => false),
  'a path as it is folded': fold,
  'a script of Bokeh': isAutoload,
  'a query for Panel': text => withoutSessionParameters(`/x?${text}`),
  'an Origin': text => admitsOrigin(`https://${text}.apps.example.com`),
  'a host': text => hostPattern('*.example.com').covers(text),
  'what a browser accepts': text => [requestKind({ accept: text }, 'GET'), requestKind({ accept: text, 'content-type': text }, 'POST'), isPrefetch({ purpose: text })]
}

t.test('ReDoS: 64 KiB of whatever is read in a moment, by all that reads paths, queries and headers of strangers', async t => {
  for (const [what, read] of Object.entries(readers)) {
    let slowest = { took: 0, piece: '' }
    for (const piece of pieces) {
      for (const text of [piece.repeat(LONGEST / piece.length), `/${piece.repeat(4_000 / piece.length)}`, `/${piece.repeat(4_000 / piece.length)}!`, `/x${piece}${'a'.repeat(LONGEST)}${piece}`]) {
        const began = performance.now()
        read(text)
        const took = performance.now() - began
        if (took > slowest.took) slowest = { took, piece }
      }
    }
    t.ok(slowest.took < PATIENCE, `${what}: at most ${slowest.took.toFixed(1)} ms, of ${JSON.stringify(slowest.piece)}`)
  }
})

t.test('ReDoS: no expression of an operator’s is given to an engine that tries again and again, and none may be huge', async t => {
  const hostile = ['(a+)+$', '(a|a)*$', '(a|aa)+$', '([a-z]+)*$', '(.*)*x', '(a?){500}a{500}', '((a*)*)*b', '^(([a-z])+.)+[A-Z]([a-z])+$']
  for (const expression of hostile) {
    for (const sign of ['', '!=']) {
      const route = parseSkipRoute(`${sign}/${expression}`)
      const began = performance.now()
      route.covers(`/${'a'.repeat(4_000)}!`)
      t.ok(performance.now() - began < PATIENCE, `${sign}/${expression}`)
    }
  }
  for (const huge of ['/a{1001}', '/(a{100}){100}', '/((a{50}){50}){50}']) t.throws(() => parseSkipRoute(huge), { message: /RE2/ }, huge)
})
