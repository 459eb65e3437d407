import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { explain } from '../../src/cli/explain.ts'
import { loadConfig } from '../../src/config/load.ts'
import { COOKIE_SECRET } from '../fixtures/gate.ts'

t.test('what claims say moves no cursor and turns no text round in the terminal of whoever asks, and as JSON is the same text', async t => {
  const claims = { sub: '1', email: 'a@example.com', role: '\u{e0042}\u202eAdmin', '\u001b[2J\u0007name': 1, kept: '\u009b31m\u2028\u{e0041}' }
  const file = join(t.testdir(), 'claims.json')
  writeFileSync(file, JSON.stringify(claims))
  const shown = (settings: object, json = false) => {
    const { config } = loadConfig({ env: {}, settings: { upstream: ['http://127.0.0.1:9'], oauthProvider: 'oidc', oauthIssuer: 'https://id.example.com', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET, roleAttributePath: 'role', claim: { kept: 'kept' }, ...settings } })
    let text = ''
    explain(config, { claims: file, json }, more => { text += more })
    return text
  }
  for (const text of [shown({}), shown({ oauthJwtUser: 'nope' }), shown({}, true)]) t.notMatch(text, /[^\P{C}\n]/u)
  t.match(shown({}), /\\u202eAdmin/)
  t.match(shown({ oauthJwtUser: 'nope' }), /\\u001b\[2J/)
  t.match(JSON.parse(shown({}, true)), { identity: { claims: { kept: claims.kept } } })
})
