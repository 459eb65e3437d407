// What somebody runs into who brings an app of Panel's, and is told at start instead.
import t from 'tap'
import { file, key, load, problems } from './setup.ts'

const panel = { app: 'panel' } as const
const notes = (flags: Parameters<typeof load>[0], env: Record<string, string> = {}) => load(flags, { env }).notices.join('\n')

t.test('the gate as its own upstream does not start, by whatever name of this machine', async t => {
  for (const upstream of ['http://127.0.0.1:5006', 'http://localhost:5006', 'http://[::1]:5006', 'http://0.0.0.0:5006', 'https://localhost:5006/base', '/x=http://127.0.0.1:5006']) {
    t.match(problems(() => load({ port: '5006', upstream })), [{ setting: 'upstream', message: /where the gate itself listens/, fix: /another --port/ }], upstream)
  }
  t.match(problems(() => load({ port: '5006', address: '0.0.0.0', upstream: 'http://127.0.0.1:5006' })), [{ setting: 'upstream' }])
  t.match(problems(() => load({ port: '80', address: '10.0.0.1', upstream: 'http://10.0.0.1' })), [{ setting: 'upstream' }])
  t.match(problems(() => load({ 'unix-socket': '/run/gate.sock', upstream: 'unix:/run/gate.sock' })), [{ setting: 'upstream' }])
  for (const flags of [{ upstream: 'http://127.0.0.1:5006' }, { port: '5006', upstream: 'http://panel:5006' }, { port: '0', upstream: 'http://127.0.0.1:5006' }, { port: '5006', upstream: 'unix:/run/app.sock' }, { 'unix-socket': '/run/gate.sock', upstream: 'http://localhost:4180' }]) {
    t.strictSame(problems(() => load(flags)), [], JSON.stringify(flags))
  }
})

t.test('a redirect URI that leads to the app and not to the gate is told of, by the name it was set with', async t => {
  t.match(notes({}, { PANEL_OAUTH_REDIRECT_URI: 'http://127.0.0.1:5006/login' }), /PANEL_OAUTH_REDIRECT_URI leads to 127\.0\.0\.1:5006, which is the app itself/)
  t.match(notes({ 'oauth-redirect-uri': 'http://localhost:5006' }), /--oauth-redirect-uri leads to localhost:5006, which is the app itself/)
  for (const uri of ['http://127.0.0.1:4180', 'https://app.example/login', 'http://app.example:5006']) t.notMatch(notes({ 'oauth-redirect-uri': uri }), /the app itself/, uri)
  t.notMatch(notes({ upstream: 'http://app.example', 'public-url': 'http://app.example', 'oauth-redirect-uri': 'http://app.example/' }), /the app itself/, 'where a name leads to both, the one in front is the gate')
})

t.test('an app that would renew tokens itself sends everybody away: its variable is named', async t => {
  t.match(notes(panel, { PANEL_OAUTH_REFRESH_TOKENS: 'true' }), /PANEL_OAUTH_REFRESH_TOKENS is for the gate, and the app must not have it/)
  t.notMatch(notes(panel, { PANEL_OAUTH_REFRESH_TOKENS: 'no' }), /must not have it/)
  t.notMatch(notes({}, { PANEL_OAUTH_REFRESH_TOKENS: 'true' }), /must not have it/, 'an app that is told by headers may')
})

t.test('endpoints that were renamed are the app’s business too', async t => {
  t.match(notes({ ...panel, 'logout-endpoint': '/signout' }), /--logout-endpoint=\/signout is for the app’s own line as well: else its \/logout says that people are signed out who are not/)
  t.match(notes({ ...panel, 'login-endpoint': '/signin' }), /--login-endpoint=\/signin is for the app’s own line as well/)
  t.notMatch(notes(panel), /own line as well/)
})

t.test('whoever has Panel’s variables and says nothing of the app is asked', async t => {
  for (const [name, value] of [['BOKEH_SIGN_SESSIONS', 'yes'], ['BOKEH_SECRET_KEY', 'hush'], ['PANEL_OAUTH_KEY', 'id']] as const) {
    t.match(notes({}, { [name]: value }), `${name} is set: is the app made with Panel? --app=panel`)
    for (const flags of [panel, { app: 'bokeh' }, { 'upstream-identity': 'headers' }]) t.notMatch(notes(flags, { [name]: value }), /made with Panel/, JSON.stringify(flags))
  }
  t.notMatch(notes({}, { PANEL_LOG_LEVEL: 'debug', HOME: '/' }), /made with Panel/)
})

t.test('a secret that is set and empty is said by name', async t => {
  t.match(notes({}, { PANEL_OAUTH_ENCRYPTION: '' }), 'PANEL_OAUTH_ENCRYPTION is set but empty, which is as if it were not set')
  t.match(notes({}, { PANEL_COOKIE_SECRET: '' }), 'PANEL_COOKIE_SECRET is set but empty')
  t.notMatch(notes({ 'oauth-encryption-key': key }, { PANEL_OAUTH_SCOPE: '' }), /empty/, 'of others that is usual')
})

t.test('a name without its last words is known, where one alone begins so', async t => {
  t.match(problems(() => load({ 'oauth-expiry': '2' })), [{ setting: 'oauth-expiry', fix: 'Did you mean --oauth-expiry-days?' }])
  t.match(problems(() => load({ oauth: '2' })), [{ fix: /--help-all/ }], 'and nobody guesses among many')
  t.match(problems(() => load({}, { env: { PANEL_OAUTH_THING: '1' } })), [{ setting: 'PANEL_OAUTH_THING' }])
  t.strictSame(load({}, { env: { PANEL_THING: '1', BOKEH_THING: '1' } }).notices, load().notices, 'other variables of Panel are the app’s')
})

t.test('beside a file of people, what is left of a provider is named as it was set', async t => {
  const people = file(t, 'people.json', '{"ada": "a password of many words"}')
  const found = problems(() => load({ 'oauth-provider': undefined, 'oauth-issuer': undefined, 'oauth-key': undefined, 'oauth-secret': undefined, 'basic-auth': people, 'oauth-scope': 'openid' }, { env: { PANEL_OAUTH_PROVIDER: 'generic', PANEL_OAUTH_KEY: 'id', PANEL_OAUTH_SECRET: 'hush-hush', OAUTH_GATE_OAUTH_TOKEN_URL: 'https://id.example/token' } }))
  t.match(found.map(({ message }) => message).sort(), [/PANEL_OAUTH_PROVIDER both say/, /^--oauth-scope means nothing/, /^OAUTH_GATE_OAUTH_TOKEN_URL means/, /^PANEL_OAUTH_KEY means nothing/, /^PANEL_OAUTH_SECRET means nothing/])
  t.match(found.find(({ setting }) => setting === 'oauth-key'), { fix: 'Unset it.' })
  t.notMatch(JSON.stringify(found), /hush|many words/)
})
