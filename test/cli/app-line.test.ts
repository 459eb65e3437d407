import t from 'tap'
import { appLines, describeApp } from '../../src/cli/app-line.ts'
import { startBlock } from '../../src/cli/start-block.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'

const SECRET = 'the-cookie-secret-of-this-test-0123456789'
const load = (settings: Settings) => loadConfig({ env: {}, settings: { upstream: ['http://localhost:5006'], oauthProvider: 'github', oauthKey: 'k', oauthSecret: 'hush', cookieSecret: SECRET, app: 'panel', ...settings } }).config
const lines = (settings: Settings = {}, listening = 'http://127.0.0.1:4180') => appLines(load(settings), listening)
/** What follows the name of the app. */
const flags = (settings: Settings = {}, listening?: string) => lines(settings, listening).map(line => line.split(' serve app.py ')[1])

t.test('the line for the app’s side: address and port of the upstream, the gate’s secret by its variable, and signed sessions', async t => {
  t.strictSame(lines(), ['PANEL_COOKIE_SECRET="${PANEL_COOKIE_SECRET:?is the cookie secret of the gate}" BOKEH_SIGN_SESSIONS=yes BOKEH_SECRET_KEY="$(panel secret)" panel serve app.py --address=127.0.0.1 --port=5006'])
  t.strictSame(lines({ upstreamIdentity: 'headers' }), ['BOKEH_SIGN_SESSIONS=yes BOKEH_SECRET_KEY="$(panel secret)" panel serve app.py --address=127.0.0.1 --port=5006'], 'who is told by headers needs no secret')
  t.strictSame(lines({ app: 'bokeh' }), ['BOKEH_SIGN_SESSIONS=yes BOKEH_SECRET_KEY="$(bokeh secret)" bokeh serve app.py --address=127.0.0.1 --port=5006'])
  t.strictSame(lines({ app: undefined }), [], 'of other apps the gate knows nothing')
  for (const line of lines({ publicUrl: 'https://a.example' })) t.notMatch(line, /hush|of-this-test/)
})

t.test('with it the app opens its cookies where the gate seals them, and only there', async t => {
  const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
  const assigned = (settings: Settings) => lines({ oauthEncryptionKey: [KEY], ...settings }).map(line => [...line.matchAll(/PANEL_OAUTH_\w+=\S*/g)].map(([word]) => word))
  const own = 'PANEL_OAUTH_ENCRYPTION="${PANEL_OAUTH_ENCRYPTION:?is'
  t.strictSame(assigned({}), [['PANEL_OAUTH_PROVIDER=github', own]], 'a provider too, without which Panel has no key')
  t.strictSame(assigned({ oauthProvider: 'oidc', oauthIssuer: 'https://id.example' }), [['PANEL_OAUTH_PROVIDER=generic', own]], 'one that Panel knows')
  t.strictSame(assigned({ appEncryption: 'no' }), [['PANEL_OAUTH_ENCRYPTION=']], 'none is taken from the shell')
  t.strictSame(assigned({ oauthProvider: undefined, oauthKey: undefined, oauthSecret: undefined, basicAuth: 'a password of many words' }), [['PANEL_OAUTH_ENCRYPTION=']])
  t.strictSame(assigned({ upstreamIdentity: 'headers' }), [[]])
  t.notMatch(lines({ oauthEncryptionKey: [KEY] }).join(), KEY, 'and no key is in it')
})

t.test('what changes the app’s side is in it: endpoints that were renamed, guests, and no renewal of tokens', async t => {
  t.strictSame(flags({ loginEndpoint: '/signin', logoutEndpoint: '/signoff' }), ['--address=127.0.0.1 --port=5006 --login-endpoint=/signin --logout-endpoint=/signoff'])
  t.notMatch(lines({ app: 'bokeh', logoutEndpoint: '/signoff' }), [/endpoint/], 'bokeh serve has no such flag')
  t.notMatch(lines(), [/PANEL_OAUTH_|endpoint/])
  for (const settings of [{ oauthOptional: true }, { oauthGuestEndpoints: ['/app'] }, { skipAuthRoute: ['^/app$'] }, { rules: [{ path: '/app', allow: 'optional' }] }] as const satisfies readonly Settings[]) {
    t.match(lines(settings), [/ PANEL_OAUTH_OPTIONAL=true BOKEH_/], JSON.stringify(settings))
    t.notMatch(lines({ ...settings, upstreamIdentity: 'headers' }), [/PANEL_OAUTH_OPTIONAL/])
  }
  t.match(lines({ oauthRefreshTokens: true }), [/ PANEL_OAUTH_REFRESH_TOKENS= /], 'none is taken from the shell')
})

t.test('it is right for where the app is', async t => {
  t.strictSame(flags({ upstream: ['http://[::1]:5006'] }), ['--address=::1 --port=5006'])
  t.strictSame(flags({ upstream: ['http://panel:5006'] }), ['--port=5006'], 'elsewhere it has to listen to the network')
  t.strictSame(flags({ upstream: ['http://panel'] }), ['--port=80'])
  t.strictSame(flags({ upstream: ['https://panel'] }), ['--port=443 --ssl-certfile=cert.pem --ssl-keyfile=key.pem'])
  t.strictSame(flags({ upstream: ['unix:/run/my app.sock'] }), ['\'--unix-socket=/run/my app.sock\''])
  t.strictSame(flags({ prefix: '/apps/x' }), ['--address=127.0.0.1 --port=5006 --prefix=/apps/x'])
  t.strictSame(flags({ prefix: '/apps/x', upstream: ['http://localhost:5006/base'] }), ['--address=127.0.0.1 --port=5006 --prefix=/base/apps/x'])
  t.strictSame(flags({ rootPath: '/proxy' }), ['--address=127.0.0.1 --port=5006'], 'what a proxy in front takes off is nothing to the app')
  t.strictSame(flags({ upstream: ['http://localhost:5006', '/reports=http://localhost:5007'] }), ['--address=127.0.0.1 --port=5006', '--address=127.0.0.1 --port=5007 --prefix=/reports'], 'a line for each')
})

t.test('it names the origins that the app will see', async t => {
  const of = (settings: Settings, listening?: string) => flags(settings, listening)[0]?.split(' ').filter(flag => flag.includes('origin'))
  t.strictSame(of({ publicUrl: 'https://app.example.com' }), ['--allow-websocket-origin=app.example.com'])
  t.strictSame(of({ publicUrl: 'https://app.example.com:8443', allowWebsocketOrigin: ['portal.example.org'] }), ['--allow-websocket-origin=app.example.com:8443', '--allow-websocket-origin=portal.example.org'])
  t.strictSame(of({ websocketOrigin: 'preserve' }), ['--allow-websocket-origin=127.0.0.1:4180', '--allow-websocket-origin=localhost:4180'])
  t.strictSame(of({ websocketOrigin: 'preserve' }, 'http://0.0.0.0:4180'), ['--allow-websocket-origin=THE-HOST-THAT-PEOPLE-TYPE'])
  t.strictSame(of({ websocketOrigin: 'preserve', unixSocket: '/run/gate.sock' }, 'unix:/run/gate.sock'), ['--allow-websocket-origin=THE-HOST-THAT-PEOPLE-TYPE'])
  t.strictSame(of({ websocketOrigin: 'rewrite', publicUrl: 'https://app.example.com', upstream: ['http://127.0.0.1:5006'] }), ['--allow-websocket-origin=127.0.0.1:5006'])
  t.strictSame(of({ unixSocket: '/run/gate.sock' }, 'unix:/run/gate.sock'), [], 'with the preset it needs none')
})

t.test('the start-up block has both, and of what the preset chose only what still holds', async t => {
  t.equal(describeApp(load({})), 'panel: --login-endpoint=/login, --logout-endpoint=/logout, --upstream-identity=panel-cookies, --websocket-origin=bokeh')
  t.equal(describeApp(load({ loginEndpoint: '/signin', websocketOrigin: 'preserve' })), 'panel: --logout-endpoint=/logout, --upstream-identity=panel-cookies')
  t.equal(describeApp(load({ app: 'bokeh', websocketOrigin: 'preserve' })), 'bokeh')
  const block = (settings: Settings) => startBlock({ config: load(settings), version: '1', listening: 'http://127.0.0.1:4180', notices: [] })
  t.match(block({}), /App kind +panel: --login-endpoint=\/login, [^\n]*\n +Start the app +PANEL_COOKIE_SECRET=[^\n]* panel serve app\.py --address=127\.0\.0\.1 --port=5006\n/)
  t.notMatch(block({ app: undefined }), /App kind|Start the app/)
})
