// The line that the gate prints, typed into shells in which there is more or less of what the app had before.
import t from 'tap'
import { appLines } from '../../src/cli/app-line.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { COOKIE_SECRET, freePort, startGate } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { openSession, tokenOf } from './bokeh.ts'
import { typePanelServe } from './serve.ts'
import { ENCRYPTION_KEY, handshake, ownSignIn, seenIn } from './setup.ts'

const shells: Readonly<Record<string, { readonly env: Readonly<Record<string, string>>, readonly settings: Settings }>> = {
  'the two keys alone': { env: { PANEL_COOKIE_SECRET: COOKIE_SECRET, PANEL_OAUTH_ENCRYPTION: ENCRYPTION_KEY }, settings: { oauthEncryptionKey: [ENCRYPTION_KEY] } },
  'all that it had, and a gate with --app-encryption=no': { env: { ...ownSignIn, PANEL_OAUTH_ENCRYPTION: ENCRYPTION_KEY }, settings: { oauthEncryptionKey: [ENCRYPTION_KEY], appEncryption: 'no' } },
  'all that it had, tokens of its own to renew and guests': { env: { ...ownSignIn, PANEL_OAUTH_ENCRYPTION: ENCRYPTION_KEY, PANEL_OAUTH_REFRESH_TOKENS: 'true' }, settings: { oauthEncryptionKey: [ENCRYPTION_KEY], oauthRefreshTokens: true, oauthOptional: true } }
}

for (const [what, { env, settings }] of Object.entries(shells)) {
  t.test(`a shell with ${what}`, { timeout: 120_000 }, async t => {
    const interpreter = python(t, 'panel', 'cryptography')
    if (interpreter === null) return
    const url = `http://127.0.0.1:${await freePort()}`
    const running = await startGate(t, { app: { url, received: [] }, settings: { app: 'panel', ...settings } })
    const [line = ''] = appLines(loadConfig({ env: {}, settings: { app: 'panel', upstream: url, oauthProvider: 'google', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET, ...settings } }).config, running.origin)
    const said = await typePanelServe(t, interpreter, line.replace(' app.py ', ' who.py private.py '), env)
    const see = async (visitor: Visitor, body: string) => {
      const session = await openSession(`${running.origin}/who`, tokenOf(body), handshake(running, visitor))
      t.teardown(session.close)
      return seenIn(await session.document())
    }
    const ada = new Visitor()
    t.match(await see(ada, (await ada.signIn(`${running.origin}/login?next=%2Fwho`, 'ada')).body), { user: 'ada@example.com', email: 'ada@example.com' })
    t.match(await ada.ask(`${running.origin}/private`), { status: 200 }, 'and so does the app’s own authorize_callback')
    if (settings.oauthOptional === true) {
      const stranger = new Visitor()
      t.match(await see(stranger, (await stranger.ask(`${running.origin}/who`)).body), { user: 'guest' }, 'a guest is not sent to its provider')
    }
    t.notMatch(said(), /InvalidToken|UnicodeDecodeError/)
  })
}
