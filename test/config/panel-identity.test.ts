import t from 'tap'
import { startBlock } from '../../src/cli/start-block.ts'
import { blamed, key, load, problems } from './setup.ts'

const panel = { 'upstream-identity': 'panel-cookies' } as const
const said = (flags: Parameters<typeof load>[0]) => {
  const { config, notices } = load({ ...panel, ...flags })
  return startBlock({ config, notices, version: '1', listening: 'http://127.0.0.1:4180' })
}

t.test('Panel’s cookies are for who asks for them', async t => {
  t.match(load().config, { upstreamIdentity: 'headers', appEncryption: 'auto', passRefreshToken: false })
  t.equal(load(panel).config.upstreamIdentity, 'panel-cookies')
  t.match(problems(() => load({ 'upstream-identity': 'panel' })), [{ setting: 'upstream-identity', message: /must be one of headers, panel-cookies/ }])
  for (const [word, value] of [['yes', 'yes'], ['TRUE', 'yes'], ['off', 'no'], ['0', 'no'], ['auto', 'auto']] as const) t.equal(load({ ...panel, 'oauth-encryption-key': key, 'app-encryption': word }).config.appEncryption, value)
})

t.test('they are signed with the secret that the app has, and no other key stands in for it', async t => {
  t.match(problems(() => load({ ...panel, 'cookie-secret': undefined, 'oauth-encryption-key': key })), [{ setting: 'cookie-secret', message: /--upstream-identity=panel-cookies is given without --cookie-secret/, fix: /PANEL_COOKIE_SECRET/ }])
  t.match(problems(() => load({ ...panel, 'app-encryption': 'yes' })), [{ setting: 'oauth-encryption-key', message: /--app-encryption=yes is given without/, fix: /PANEL_OAUTH_ENCRYPTION/ }])
  t.match(problems(() => load({ 'pass-refresh-token': true })), [{ setting: 'pass-refresh-token', message: /without --upstream-identity=panel-cookies/ }])
  t.match(blamed(() => load({ ...panel, 'cookie-secret': undefined, 'app-encryption': 'yes' })), ['cookie-secret', 'cookie-secret', 'oauth-encryption-key'], 'everything at once')
  t.match(load({ 'app-encryption': 'no' }).notices, [/--app-encryption says nothing without --upstream-identity=panel-cookies/])
  t.strictSame(blamed(() => load({ ...panel, 'pass-refresh-token': true })), [])
})

t.test('what is assumed about the app is said at start, with what to set if it is not so', async t => {
  t.match(said({}), /Panel +the app is sent user and id_token as cookies, signed with --cookie-secret, which must be its own; assumed: it has no encryption key, or no provider of its own\n/)
  t.match(said({ 'oauth-encryption-key': key }), /assumed: it has a provider of its own, and this very --oauth-encryption-key; if it has not, set --app-encryption=no\n/)
  t.match(said({ 'oauth-encryption-key': key, 'app-encryption': 'yes' }), /this very --oauth-encryption-key\n/)
  t.match(said({ 'oauth-encryption-key': key, 'app-encryption': 'no' }), /assumed: it has no encryption key/)
  t.match(said({ 'oauth-encryption-key': key, 'oauth-provider': undefined, 'oauth-issuer': undefined, 'oauth-key': undefined, 'oauth-secret': undefined, 'basic-auth': 'a password of many words' }), /assumed: it has no encryption key/, 'beside passwords Panel has none')
  t.match(said({ 'pass-access-token': true, 'pass-refresh-token': true }), /user, id_token, access_token and refresh_token as cookies/)
  t.match(said({}), /can forge them, as the app could\..*--oauth-encryption-key; with --app-encryption=no where the app has none/)
  t.notMatch(said({ 'upstream-identity': 'headers' }), /^ +Panel /m)
  t.notMatch(said({ 'oauth-encryption-key': key }), key, 'and no secret')
})

t.test('cookies that make somebody of whoever has them are not sent over plain http unsaid', async t => {
  t.match(load({ ...panel, upstream: 'http://panel.internal:5006' }).notices.join(), /--upstream-identity=panel-cookies sends http:\/\/panel.internal:5006 signed cookies over plain http/)
  for (const upstream of ['http://localhost:5006', 'https://panel.internal', 'unix:/run/panel.sock']) t.notMatch(load({ ...panel, upstream }).notices.join(), /plain http/, upstream)
})
