import t from 'tap'
import { loadConfig, type LoadOptions } from '../../src/config/load.ts'
import { file, problems } from './setup.ts'

const flags = { upstream: 'http://localhost:5006', 'oauth-provider': 'github', 'oauth-key': 'k', 'oauth-secret': 's', 'cookie-secret': 'the-cookie-secret-of-this-test-0123456789' }
const load = (more: Record<string, string> = {}, rest: LoadOptions = {}) => loadConfig({ env: {}, ...rest, flags: { ...flags, ...more } })

t.test('--app=panel gives defaults, from wherever it was said, and says that they are its own', async t => {
  const chosen = { loginEndpoint: '/login', logoutEndpoint: '/logout', upstreamIdentity: 'panel-cookies', websocketOrigin: 'bokeh' }
  for (const loaded of [load({ app: 'panel' }), load({ app: 'PANEL' }), load({}, { env: { OAUTH_GATE_APP: 'panel' } }), load({}, { file: file(t, 'gate.yaml', 'app: panel\n') })]) {
    t.match(loaded.config, chosen)
    t.match(loaded.sources.loginEndpoint, { level: 'preset', from: '--app=panel', shown: '/login' })
    t.strictSame(loaded.notices.filter(notice => notice.includes('--app')), [])
    t.strictSame(loaded.config.skipAuthRoute, [], 'nothing is open by it')
  }
  t.match(load({ app: 'bokeh' }).config, { loginEndpoint: undefined, logoutEndpoint: undefined, upstreamIdentity: 'headers', websocketOrigin: 'bokeh' }, 'Bokeh itself has no /login')
  t.match(load().config, { app: undefined, loginEndpoint: undefined, logoutEndpoint: undefined, upstreamIdentity: 'headers', websocketOrigin: 'preserve' }, 'and without it all is as ever')
})

t.test('whoever sets one of them is heard, from the file too, and is told what it overrides', async t => {
  const { config, notices } = load({ app: 'panel', 'login-endpoint': '/signin' }, { file: file(t, 'gate.yaml', 'upstream_identity: headers\nwebsocket_origin: preserve\n') })
  t.match(config, { loginEndpoint: '/signin', logoutEndpoint: '/logout', upstreamIdentity: 'headers', websocketOrigin: 'preserve' })
  t.ok(notices.includes('--login-endpoint overrides --app=panel'))
})

t.test('a path that somebody has given to another page of the gate stays that page’s', async t => {
  t.match(load({ app: 'panel', 'callback-path': 'login' }).config, { callbackPath: '/login', loginEndpoint: undefined, logoutEndpoint: '/logout' })
  t.match(load({ app: 'panel', 'login-endpoint': '/logout', 'logout-endpoint': '/login' }).config, { loginEndpoint: '/logout', logoutEndpoint: '/login' })
  t.match(load({ app: 'panel', 'ping-path': '/logout' }).config, { pingPath: '/logout', logoutEndpoint: undefined })
  t.match(load({ app: 'panel', 'login-attribute-path': 'login' }).config, { loginEndpoint: '/login' }, 'an expression is no path')
})

t.test('with guests the files of their pages are open, below the prefix as it was written, unless somebody says what is', async t => {
  const opened = (more: Record<string, string>) => load({ app: 'panel', 'oauth-guest-endpoints': '/app', ...more }).config.skipAuthRoute.map(({ text }) => text)
  t.strictSame(opened({}), ['GET=^/static/js/bokeh(?:-[a-z]+)?(?:\\.min)?\\.js$', 'GET=^/static/extensions/[^/]+/.+$'])
  t.strictSame(opened({ prefix: 'apps/v1.0/' })[1], 'GET=^/apps/v1\\.0/static/extensions/[^/]+/.+$', 'in which a dot is a dot')
  t.strictSame(opened({ 'skip-auth-route': '^/health$' }), ['^/health$'])
  t.ok(load({ app: 'panel', 'oauth-guest-endpoints': '/app', 'skip-auth-route': '^/health$' }).notices.includes('--skip-auth-route overrides --app=panel'))
})

t.test('an app that nobody knows is told once, and nothing follows from it', async t => {
  const found = problems(() => load({ app: 'panels', 'login-endpoint': '' }))
  t.match(found.filter(({ setting }) => setting === 'app'), [{ message: /--app.*panel.*bokeh/ }])
  t.equal(found.length, 2)
})
