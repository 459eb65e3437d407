import { createJudge } from '../../src/access/judge.ts'
import { safeReturn } from '../../src/access/return-to.ts'
import { compileRules } from '../../src/access/rules/rules.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { readBySeveral } from '../access/oracles.ts'
import { spellingOf } from '../access/spelling-arbitrary.ts'
import type { Target } from './target.ts'
import { fc } from '../fixtures/random.ts'

const person: Identity = { provider: 'p', subject: '1', user: 'ann', groups: [], teams: [], organizations: [], claims: {} }
const GET = { method: 'GET', host: 'app.example.com' }

/** Whoever reads a target that was admitted reads nothing that would not be, nor anything of another app. */
export const paths: Target = {
  name: 'paths: no server behind the gate reads something in a target that the person may not have',
  start () {
    const judge = createJudge({
      upstreams: [{ path: '/api' }, { path: '/' }],
      rules: compileRules([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/api/keys', allow: { groups: ['admins'] } }, { path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }])
    })
    const isAdmins = (path: string) => /^\/+(?:admin|api\/keys)(?:\/|$)/i.test(path)
    const isPublic = (path: string) => /^\/public(?:\/|$)/i.test(path)
    const isApi = (path: string) => /^\/+api(?:\/|$)/.test(path)
    const target = spellingOf(['/admin', '/admin/x', '/api', '/api/x', '/api/keys', '/public', '/public/a.js', '/x', '/public/../admin', '/api/../admin/k', '/x/../api/keys/1', '/public/x/../../x'], 4)
    return Promise.resolve(fc.property(target, fc.constantFrom(null, person), (target, who) => {
      const place = judge.place(target)
      const { verdict } = judge.decide(place, GET, who)
      if (verdict !== 'admitted') return
      for (const [reading, by] of readBySeveral(target, 2)) {
        const path = reading.split('?', 1).join()
        if (isAdmins(path) || (who === null && !isPublic(path) && path !== '')) throw new Error(`${JSON.stringify(target)} is read as ${JSON.stringify(reading)} by${by}`)
        if (isApi(path) !== (place.upstream === 0)) throw new Error(`${JSON.stringify(target)} goes to ${String(place.upstream)} and is read as ${JSON.stringify(reading)} by${by}`)
      }
    }) as never)
  }
}

const piece = fc.oneof(fc.constantFrom('/', '\\', '//', '/\\', '..', '.', '@', ':', ';', '?', '#', '%2f', '%5c', '%09', '%0d%0a', '\t', '\r', '\n', ' ', '\0', '\x1f', '\x7f', '\u2028', '\u3002', '\uff0f', '\ufeff', 'evil.example', 'http:', 'https:', 'javascript:alert(1)', 'data:', '[::1]', '127.0.0.1', 'app.example.org', 'app.example.org:443', '/oauth2/sign_out', '/oauth2/callback', 'x', '%00', '%2e%2e'), fc.string({ maxLength: 4, unit: 'binary' }))
const value = fc.tuple(fc.constantFrom('/', '/', ''), fc.array(piece, { maxLength: 10 })).map(([first, pieces]) => first + pieces.join(''))

/** By the parser that browsers have. */
export const returns: Target = {
  name: 'rd: wherever somebody asks to return to, it is this site, by http and by https, and no endpoint of ours',
  start () {
    const ours = (target: string) => target.startsWith('/oauth2/') || target === '/oauth2'
    return Promise.resolve(fc.property(value, fc.constantFrom('https://app.example.org', 'http://app.example.org:8080', 'http://127.0.0.1:4180'), (value, origin) => {
      const emitted = safeReturn(value, origin, ours)
      if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(emitted) || emitted.length > 2000) throw new Error(`${JSON.stringify(value)} becomes ${JSON.stringify(emitted)}`)
      for (const scheme of ['http', 'https']) {
        const base = `${scheme}://${new URL(origin).host}/deep/er?x`
        const url = new URL(emitted, base)
        if (url.origin !== new URL(base).origin || url.pathname + url.search !== emitted || url.hash !== '') throw new Error(`${JSON.stringify(value)} becomes ${emitted}, which leads to ${url.href}`)
      }
      if (ours(emitted)) throw new Error(`${JSON.stringify(value)} becomes ${emitted}, which is ours`)
      if (safeReturn(emitted, origin, ours) !== emitted) throw new Error(`${JSON.stringify(value)} becomes ${emitted}, and that something else`)
    }) as never)
  }
}
