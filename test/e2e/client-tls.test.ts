import type { ServerOptions } from 'node:https'
import t, { type Test } from 'tap'
import { check } from '../../src/cli/check.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import * as made from '../fixtures/certificates.ts'
import { COOKIE_SECRET, startGate, type LogLine } from '../fixtures/gate.ts'
import { clientId, clientSecret, startHostileProvider } from '../fixtures/hostile-provider.ts'
import { Visitor } from '../fixtures/visitor.ts'

const strict: ServerOptions = { cert: made.server, key: made.serverKey, ca: made.authority, requestCert: true, rejectUnauthorized: true }

function filesOf (t: Test): Record<keyof typeof made, string> {
  const folder = t.testdir({ ...made })
  return Object.fromEntries(Object.keys(made).map(name => [name, `${folder}/${name}`])) as Record<keyof typeof made, string>
}

/** A gate whose provider demands a certificate; the provider has no pages, and takes any code. */
async function start (t: Test, tls: Settings, log?: LogLine[]) {
  const provider = await startHostileProvider(strict)
  t.teardown(() => provider.close())
  const gate = await startGate(t, { settings: { oauthIssuer: provider.issuer, oauthKey: clientId, oauthSecret: clientSecret, oauthJwtUser: 'sub', ...tls }, ...log !== undefined && { log } })
  return { ...gate, provider }
}

t.test('a person signs in by a provider that demands a certificate of the gate', async t => {
  const { authority, client, clientKey } = filesOf(t)
  const { origin, provider, app, outside } = await start(t, { tlsClientCa: authority, tlsClientCert: client, tlsClientKey: clientKey })
  const visitor = new Visitor()
  const { location } = await visitor.navigate(`${origin}/oauth2/start?rd=/page`)
  t.ok(location.startsWith(`${provider.issuer}/authorize`), 'discovery was read')
  const asked = new URL(location).searchParams
  const now = Math.floor(outside.now() / 1000)
  provider.claims = { nonce: asked.get('nonce'), iat: now, exp: now + 3600 }
  const page = await visitor.follow(`${new URL(asked.get('redirect_uri') ?? '').href}?code=the-code&state=${asked.get('state')}&iss=${encodeURIComponent(provider.issuer)}`)
  t.match(page, { status: 200, address: `${origin}/page` })
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'm-1' })
  t.strictSame([...new Set(provider.requests.map(({ path }) => path))].sort(), ['/.well-known/openid-configuration', '/keys', '/token', '/user'], 'and all of it by the one certificate')
})

t.test('without that certificate nobody signs in, and the log says which settings are missing', async t => {
  const log: LogLine[] = []
  const { authority } = filesOf(t)
  const { origin, provider, app } = await start(t, { tlsClientCa: authority }, log)
  t.match(await new Visitor().navigate(`${origin}/oauth2/start?rd=/page`), { status: 502, headers: { 'x-oauth-gate': 'GATE_PROVIDER_UNREACHABLE' } })
  t.match(JSON.stringify(log), /asks for a client certificate: set --tls-client-cert and --tls-client-key/)
  t.strictSame([provider.requests.length, app.received.length], [0, 0])
})

t.test('check --live asks by the same certificates', async t => {
  const provider = await startHostileProvider(strict)
  t.teardown(() => provider.close())
  const { authority, client, clientKey } = filesOf(t)
  const run = async (settings: Settings) => {
    let text = ''
    await check(loadConfig({ env: {}, settings: { upstream: 'http://localhost:9', oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: clientId, oauthSecret: clientSecret, cookieSecret: COOKIE_SECRET, ...settings } }), { live: true, write: more => { text += more } })
    return text
  }
  t.match(await run({ tlsClientCa: authority, tlsClientCert: client, tlsClientKey: clientKey }), /^ok +discovery/m)
  const before = provider.requests.length
  t.match(await run({ tlsClientCa: authority }), /^wrong +discovery .*asks for a client certificate/m)
  t.equal(provider.requests.length, before)
  const insecure = await run({ tlsSkipVerifyInsecure: true, tlsClientCert: client, tlsClientKey: clientKey })
  t.match(insecure, /Warning +LOWERS_PROVIDER_TLS: --tls-skip-verify-insecure is set: no certificate of OpenID Connect is checked/)
  t.match(insecure, /^ok +discovery/m)
})
