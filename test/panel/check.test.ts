// `check --live` before real Panel apps: what it says of them is what people meet.
import t from 'tap'
import { check } from '../../src/cli/check.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { COOKIE_SECRET } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'
import { startPanel } from './serve.ts'
import { ENCRYPTION_KEY, ownSignIn } from './setup.ts'

const OTHER_KEY = Buffer.alloc(32, 7).toString('base64')
const KEY: Settings = { oauthEncryptionKey: [ENCRYPTION_KEY] }
const own = { ...ownSignIn, PANEL_OAUTH_ENCRYPTION: ENCRYPTION_KEY }

const cases: Readonly<Record<string, { readonly env: Readonly<Record<string, string>>, readonly settings: Settings, readonly says: RegExp, readonly app?: string }>> = {
  'all that it had': { env: own, settings: KEY, says: /^ok / },
  'another cookie secret': { env: { ...own, PANEL_COOKIE_SECRET: `${COOKIE_SECRET}x` }, settings: KEY, says: /^wrong .*very same PANEL_COOKIE_SECRET/ },
  'a renewal of its own': { env: { ...own, PANEL_OAUTH_REFRESH_TOKENS: 'true' }, settings: KEY, says: /^wrong .*no PANEL_OAUTH_REFRESH_TOKENS/ },
  'another encryption key': { app: 'private', env: own, settings: { oauthEncryptionKey: [OTHER_KEY] }, says: /^wrong .*fails \(500\).*the same PANEL_OAUTH_ENCRYPTION/ },
  'a key that the gate has not': { app: 'private', env: own, settings: {}, says: /^wrong .*fails \(500\).*give the gate the same PANEL_OAUTH_ENCRYPTION/ },
  'only the cookie secret': { env: { PANEL_COOKIE_SECRET: COOKIE_SECRET }, settings: {}, says: /^cannot tell .*pn\.state\.user is you/ }
}

for (const [what, { env, settings, says, app = 'who' }] of Object.entries(cases)) {
  t.test(`an app with ${what}`, { timeout: 120_000 }, async t => {
    const interpreter = python(t, 'panel', 'cryptography')
    if (interpreter === null) return
    const panel = await startPanel(t, interpreter, { apps: [app], env })
    let out = ''
    await check(loadConfig({ env: {}, settings: { basicAuth: 'a password of many words', appEncryption: 'oauthEncryptionKey' in settings ? 'yes' : 'no', cookieSecret: COOKIE_SECRET, app: 'panel', upstream: [panel.url], ...settings } }), { live: true, write: text => { out += text } })
    const line = out.split('\n').find(line => line.includes('  Panel’s cookies  ')) ?? ''
    t.match(line, says)
    t.notMatch(out, new RegExp(`${COOKIE_SECRET}|${ENCRYPTION_KEY}`), 'and no secret is printed')
  })
}
