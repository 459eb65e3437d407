import { execFile } from 'node:child_process'
import type { ServerOptions } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ProviderUnreachable } from '../../src/errors.ts'
import { createProviderFetch } from '../../src/oauth/http.ts'
import type { ProviderTls } from '../../src/oauth/tls.ts'
import * as made from '../fixtures/certificates.ts'
import { clientSecret, startHostileProvider } from '../fixtures/hostile-provider.ts'
import { attempt, createClient, createClock } from './setup.ts'

const open: ServerOptions = { cert: made.server, key: made.serverKey }
const strict: ServerOptions = { ...open, ca: made.authority, requestCert: true, rejectUnauthorized: true }
const pair = { cert: made.client, key: made.clientKey }

/** One whole sign-in: discovery, token, keys and userinfo, by the one door. */
async function signIn (t: Test, server: ServerOptions, tls: ProviderTls) {
  const hostile = await startHostileProvider(server)
  t.teardown(() => hostile.close())
  const client = createClient('oidc', { issuer: hostile.issuer, clientSecret, outside: createClock(), fetch: createProviderFetch({ tls }) })
  return { hostile, done: client.signIn('the-code', attempt) }
}

t.test('with its certificate a client reaches a provider that demands one, at every endpoint', async t => {
  const { hostile, done } = await signIn(t, strict, { ca: made.authority, ...pair })
  t.equal((await done).sources.claims.text('sub'), 'm-1')
  t.strictSame(hostile.requests.map(({ path }) => path), ['/.well-known/openid-configuration', '/token', '/keys', '/user'])
})

t.test('a provider that demands a certificate gets nothing said without it', async t => {
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    const { hostile, done } = await signIn(t, { ...strict, maxVersion }, { ca: made.authority })
    await t.rejects(done, { constructor: ProviderUnreachable, message: /asks for a client certificate: set --tls-client-cert and --tls-client-key/ }, maxVersion)
    t.strictSame(hostile.requests, [])
  }
})

t.test('a certificate that the provider does not know is said to be refused', async t => {
  const { hostile, done } = await signIn(t, strict, { ca: made.authority, cert: made.clientOfOther, key: made.clientKey })
  await t.rejects(done, { constructor: ProviderUnreachable, message: /the provider refuses the certificate of --tls-client-cert/ })
  t.strictSame(hostile.requests, [])
})

t.test('a provider whose certificate does not hold is not spoken to', async t => {
  for (const [name, server, ca, message] of [
    ['nobody vouches', open, undefined, /not signed by an authority of this system; .*--tls-client-ca/],
    ['another authority', open, made.otherAuthority, /not signed by an authority of --tls-client-ca/],
    ['another host', { ...open, cert: made.serverElsewhere }, made.authority, /the provider’s certificate is for another host/],
    ['expired', { ...open, cert: made.serverExpired }, made.authority, /has expired; it has to be renewed there/]
  ] as const) {
    const { hostile, done } = await signIn(t, server, { ca })
    await t.rejects(done, { constructor: ProviderUnreachable, message }, name)
    t.strictSame(hostile.requests, [], name)
    const believed = await signIn(t, server, { ca, skipVerify: true })
    t.equal((await believed.done).sources.claims.text('sub'), 'm-1', `${name}, and --tls-skip-verify-insecure believes it`)
  }
})

t.test('no request goes by another agent: one provider’s certificates are none of another’s', async t => {
  const { done } = await signIn(t, strict, { ca: made.authority, ...pair })
  await done
  const { hostile, done: other } = await signIn(t, strict, { ca: made.authority })
  await t.rejects(other, ProviderUnreachable)
  t.strictSame(hostile.requests, [])
})

t.test('a bundle may name several authorities', async t => {
  const { done } = await signIn(t, open, { ca: made.otherAuthority + made.authority })
  t.equal((await done).sources.claims.text('sub'), 'm-1')
})

t.test('an authority that the system believes is not believed where --tls-client-ca names another', async t => {
  const hostile = await startHostileProvider(open)
  t.teardown(() => hostile.close())
  const { authority, otherAuthority } = made
  const folder = t.testdir({ 'system.pem': authority })
  const script = `
    const { createProviderFetch } = await import(${JSON.stringify(new URL('../../src/oauth/http.js', import.meta.url).href)})
    const ask = tls => createProviderFetch({ tls })(${JSON.stringify(`${hostile.issuer}/keys`)}, {}).then(({ status }) => status, error => error.message)
    console.log(JSON.stringify([await ask({}), await ask({ ca: ${JSON.stringify(otherAuthority)} })]))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: { NODE_EXTRA_CA_CERTS: join(folder, 'system.pem') } })
  t.match(JSON.parse(stdout), [200, /not signed by an authority of --tls-client-ca, which counts instead of the system’s/])
  t.equal(hostile.requests.length, 1, 'and it was asked once')
})
