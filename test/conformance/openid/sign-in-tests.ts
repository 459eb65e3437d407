// Basic, Config and what else there is about signing in.
import { SignJWT, UnsecuredJWT, type JWK } from 'jose'
import { Visitor } from '../../fixtures/visitor.ts'
import { broken, CLIENT, keyCalled, type Json } from './provider.ts'
import type { Check, ConformanceTest, Play } from './tests.ts'

const INVALID = 'GATE_ID_TOKEN_INVALID'
const ADDRESS = { street_address: '1 Main Street', country: 'XX' }
const by = (key: string, alg: string, header: Json = {}) => async (claims: Json) => await new SignJWT({ ...claims }).setProtectedHeader({ alg, kid: key, ...header }).sign((await keyCalled(key, alg)).privateKey)
/** Nothing of it is asked for, whatever discovery offers. */
const never = (...paths: readonly string[]): Check => (t, { provider }) => { t.strictSame(paths.filter(path => provider.at(path).length > 0), [], `nobody asks ${paths.join(' or ')}`) }
const withoutRequest: Check = (t, { provider }) => {
  t.strictSame([...provider.at('/authorize')[0]?.query.keys() ?? []].filter(name => name.startsWith('request')), [], 'no request object, and no address of one')
}
const bare = ({ kid: _, ...rest }: JWK): JWK => rest
const FRONT = 'The gate takes no id_token from an address: it asks for `response_type=code` alone, and a callback that brings one beside has it ignored.'

/** An id_token and an access token in the callback, as hybrid flows have them: in place of the code, and beside it. */
const frontChannel = (claims: Json): Play => ({
  also: async (t, { provider, app, origin }) => {
    const visitor = new Visitor()
    const begun = (await visitor.navigate(`${origin}/oauth2/start?rd=/front`)).location
    const { searchParams } = new URL(begun)
    const now = Math.floor(Date.now() / 1000)
    const forged = await provider.sign({ iss: provider.issuer, aud: CLIENT.id, sub: 'mallory', email: 'mallory@example.com', email_verified: true, nonce: searchParams.get('nonce'), iat: now, exp: now + 3600, ...claims })
    const tokens = new URLSearchParams({ id_token: forged, access_token: 'a', token_type: 'Bearer', state: searchParams.get('state') ?? '' })
    t.equal(searchParams.get('response_type'), 'code')
    t.match(await visitor.navigate(`${origin}/?${tokens}`), { status: 400, headers: { 'x-oauth-gate': 'GATE_MALFORMED_REQUEST' } })
    t.equal((await visitor.ask(`${origin}/oauth2/userinfo`)).status, 401, 'nobody is signed in by it')
    tokens.set('code', new URL((await visitor.navigate(begun)).location).searchParams.get('code') ?? '')
    t.equal((await visitor.follow(`${origin}/?${tokens}`)).status, 200)
    t.match(app.received.at(-1), { url: '/front', headers: { 'x-forwarded-user': 'ada@example.com' } }, 'by the code it is whoever the token endpoint says')
  }
})

export const signInTests: readonly ConformanceTest[] = [
  {
    name: 'oidcc-client-test', profiles: ['basic'], right: 'accepted',
    provider: 'does everything right', gate: 'code flow with PKCE, state and nonce; the code, the secret and the token each go where they belong', play: {}
  }, {
    name: 'oidcc-client-test-invalid-iss', profiles: ['basic'], right: 'refused',
    provider: '`iss` of the id_token is somebody else’s', gate: 'compares it byte for byte', play: { twist: { claims: issuer => ({ iss: `${issuer}/1` }) }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-missing-sub', profiles: ['basic'], right: 'refused',
    provider: 'the id_token has no `sub`', gate: 'wants one', play: { twist: { claims: { sub: undefined } }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-invalid-aud', profiles: ['basic'], right: 'refused',
    provider: '`aud` of the id_token is another client', gate: 'wants its own client id among them', play: { twist: { claims: { aud: 'another' } }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-missing-iat', profiles: ['basic'], right: 'refused',
    provider: 'the id_token has no `iat`', gate: 'wants one', play: { twist: { claims: { iat: undefined } }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-kid-absent-single-jwks', profiles: ['basic'], right: 'accepted',
    provider: 'the id_token names no key, and there is one', gate: 'takes the one key that fits', play: { twist: { header: { kid: undefined }, keys: own => [bare(own)] } }
  }, {
    name: 'oidcc-client-test-kid-absent-multiple-jwks', profiles: ['basic'], right: 'either',
    provider: 'the id_token names no key, and two fit', gate: 'does not guess', play: { twist: { header: { kid: undefined }, keys: async own => [bare(own), bare((await keyCalled('second')).jwk)] }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-idtoken-sig-rs256', profiles: ['basic'], right: 'accepted',
    provider: 'signs the id_token by RS256', gate: 'verifies it', play: { also: (t, { provider }) => { t.ok(provider.at('/keys').length > 0, 'by the provider’s key') } }
  }, {
    name: 'oidcc-client-test-idtoken-sig-none', profiles: ['basic', 'config'], right: 'either',
    provider: 'does not sign the id_token (`alg` is `none`)', gate: 'believes no token without a signature, wherever it comes from',
    play: { twist: { discovery: () => ({ id_token_signing_alg_values_supported: ['RS256', 'none'] }), sign: claims => Promise.resolve(new UnsecuredJWT({ ...claims }).encode()) }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-invalid-sig-rs256', profiles: ['basic'], right: 'refused',
    provider: 'the RS256 signature of the id_token is broken', gate: 'verifies each, also of a token that came over TLS', play: { twist: { sign: (claims, own) => broken(own(claims)) }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-userinfo-invalid-sub', profiles: ['basic'], right: 'refused',
    provider: '`sub` of the userinfo is another than the id_token’s', gate: 'compares both', play: { twist: { userinfo: { sub: 'mallory' } }, refused: 'GATE_PROVIDER_ANSWER_INVALID' }
  }, {
    name: 'oidcc-client-test-nonce-invalid', profiles: ['basic'], right: 'refused',
    provider: '`nonce` of the id_token is another than was sent', gate: 'compares both', play: { twist: { claims: { nonce: 'another' } }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-scope-userinfo-claims', profiles: ['basic'], right: 'accepted',
    provider: 'has claims for `profile` and `email` in its userinfo', gate: 'asks for both scopes, and tells the app what came',
    play: { also: (t, { provider, app }) => {
      t.strictSame(provider.at('/authorize')[0]?.query.get('scope')?.split(' ').sort(), ['email', 'openid', 'profile'])
      t.match(app.received.at(-1)?.headers, { 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada' })
    } }
  }, {
    name: 'oidcc-client-test-client-secret-basic', profiles: ['basic'], right: 'accepted',
    provider: 'takes `client_secret_basic` alone', gate: 'says who it is in the header, form-encoded, and not in the body as well',
    play: { also: (t, { provider, auth }) => { if (auth === 'client_secret_basic') t.match(provider.at('/token')[0], { headers: { authorization: /^Basic / } }) } }
  }, {
    name: 'oidcc-client-test-discovery-openid-config', profiles: ['config'], right: 'accepted',
    provider: 'has a discovery document', gate: 'needs nothing but the issuer', play: { also: (t, { provider }) => { t.equal(provider.asked[0]?.path, '/.well-known/openid-configuration') } }
  }, {
    name: 'oidcc-client-test-discovery-jwks-uri-keys', profiles: ['config'], right: 'accepted',
    provider: 'has its keys where discovery says', gate: 'reads them there, once', play: { also: (t, { provider }) => { t.equal(provider.at('/keys').length, 1) } }
  }, {
    name: 'oidcc-client-test-discovery-issuer-mismatch', profiles: ['config'], right: 'refused',
    provider: 'the discovery document is another issuer’s', gate: 'sends nobody there',
    play: { twist: { discovery: issuer => ({ issuer: `${issuer}/another` }) }, refused: 'GATE_DISCOVERY_MISMATCH', also: never('/authorize', '/token') }
  }, {
    name: 'oidcc-client-test-signing-key-rotation-just-before-signing', profiles: ['config'], right: 'accepted',
    provider: 'changes its key just before it signs', gate: 'looks once more at the key set for a key that it does not know',
    play: { twist: { rotates: true }, also: async (t, { signIn, provider }) => {
      t.equal((await signIn(new Visitor())).status, 200, 'also when it has keys already')
      t.equal(provider.at('/keys').length, 2)
    } }
  }, {
    name: 'oidcc-client-test-signing-key-rotation', profiles: ['config'], right: 'accepted',
    provider: 'changes its key between two sign-ins', gate: 'takes the new key, and the old one no longer',
    play: { also: async (t, { signIn, provider }) => {
      await provider.rotate()
      t.equal((await signIn(new Visitor())).status, 200)
      t.equal(provider.at('/keys').length, 2)
    } }
  }, {
    name: 'oidcc-client-test-ignores-unparseable-key-in-jwks', profiles: ['all'], right: 'accepted',
    provider: 'has keys of kinds that nobody knows beside its own', gate: 'passes them over',
    play: { twist: { keys: own => [{ kty: 'AKP', alg: 'ML-DSA-9999', kid: 'pq', use: 'sig', pub: 'AAAA' }, { kty: 'of tomorrow', alg: 'TBD', kid: 'x', use: 'sig' }, own] } }
  }, {
    name: 'oidcc-client-test-missing-aud', profiles: ['all'], right: 'refused',
    provider: 'the id_token has no `aud`', gate: 'wants one', play: { twist: { claims: { aud: undefined } }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-invalid-sig-hs256', profiles: ['all'], right: 'refused',
    provider: 'the HS256 signature of the id_token is broken', gate: 'takes no signature by a shared secret, broken or not',
    play: { twist: { discovery: () => ({ id_token_signing_alg_values_supported: ['HS256'] }), sign: claims => broken(new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(CLIENT.secret.padEnd(32)))) }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-invalid-sig-es256', profiles: ['all'], right: 'refused',
    provider: 'the ES256 signature of the id_token is broken', gate: 'verifies it',
    play: { twist: { discovery: () => ({ id_token_signing_alg_values_supported: ['ES256'] }), keys: async () => [(await keyCalled('es', 'ES256')).jwk], sign: claims => broken(by('es', 'ES256')(claims)) }, refused: INVALID }
  }, {
    name: 'oidcc-client-test-userinfo-bearer-header', profiles: ['all'], right: 'accepted',
    provider: 'wants the access token in the header of the userinfo request', gate: 'sends it there, and nowhere else', play: { also: (t, { provider }) => { t.match(provider.at('/userinfo')[0], { headers: { authorization: 'Bearer access-1' } }) } }
  }, {
    name: 'oidcc-client-test-userinfo-bearer-body', profiles: ['all'],
    provider: 'takes the access token in a body', gate: 'The header is the other way to send it, and the one that everybody takes (RFC 6750 §2.1).', play: { also: (t, { provider }) => { t.equal(provider.at('/userinfo')[0]?.form.size, 0) } }
  }, {
    name: 'oidcc-client-test-nonce-unless-code-flow', profiles: ['all'], right: 'accepted',
    provider: 'wants a `nonce`', gate: 'sends one with each login, of 256 bits, also in the code flow', play: { also: (t, { provider }) => { t.match(provider.at('/authorize')[0]?.query.get('nonce'), /^[\w-]{43}$/) } }
  }, {
    name: 'oidcc-client-test-missing-chash', profiles: ['all'], provider: 'an id_token in the callback has no `c_hash`', gate: FRONT, play: frontChannel({})
  }, {
    name: 'oidcc-client-test-invalid-chash', profiles: ['all'], provider: 'an id_token in the callback has a wrong `c_hash`', gate: FRONT, play: frontChannel({ c_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })
  }, {
    name: 'oidcc-client-test-missing-athash', profiles: ['all'], provider: 'an id_token in the callback has no `at_hash`', gate: FRONT, play: frontChannel({})
  }, {
    name: 'oidcc-client-test-invalid-athash', profiles: ['all'], provider: 'an id_token in the callback has a wrong `at_hash`', gate: FRONT, play: frontChannel({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })
  }, {
    name: 'oidcc-client-test-form-post-error', profiles: ['all'], provider: 'sends an error as a form (`response_mode=form_post`)',
    gate: 'The gate asks for no response mode: answers come by an address, with a cookie that another site’s form would not bring. A form is no callback.',
    play: { also: async (t, { provider, origin }) => {
      const visitor = new Visitor()
      const { searchParams } = new URL((await visitor.navigate(`${origin}/oauth2/start`)).location)
      t.notOk(searchParams.has('response_mode'))
      const posted = await visitor.navigate(`${origin}/oauth2/callback`, { form: { error: 'login_required', error_description: 'Call 555-0100', state: searchParams.get('state') ?? '' }, headers: { origin: provider.issuer } })
      t.ok(posted.status >= 400 && !posted.body.includes('555-0100'))
    } }
  }, {
    name: 'oidcc-client-test-aggregated-claims', profiles: ['all'], provider: 'has claims of another server in its userinfo, as tokens', gate: 'Claims count that the provider says itself. Others’ are passed over, and the sign-in goes on.',
    play: { twist: { userinfo: { _claim_names: { address: 'src', name: 'src' }, _claim_sources: { src: { JWT: 'e30.e30.' } }, address: ADDRESS } } }
  }, {
    name: 'oidcc-client-test-distributed-claims', profiles: ['all'], provider: 'names another server in its userinfo, which has more claims', gate: 'No address that a document names is asked for claims. The sign-in goes on without them.',
    play: { twist: { userinfo: issuer => ({ _claim_names: { credit_score: 'src' }, _claim_sources: { src: { endpoint: `${issuer}/claims`, access_token: 'x' } } }) }, also: never('/claims') }
  }, {
    name: 'oidcc-client-test-mtls-endpoint-aliases', profiles: ['all'], provider: 'has other addresses for clients that prove themselves by a certificate', gate: 'The gate proves itself by its secret. A certificate (`tls-client-cert`) is shown to the addresses of discovery, or of settings.',
    play: { twist: { discovery: issuer => ({ mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls/token`, userinfo_endpoint: `${issuer}/mtls/userinfo` } }) }, also: never('/mtls/token', '/mtls/userinfo') }
  }, {
    name: 'oidcc-client-test-discovery-webfinger-acct', profiles: ['all'], provider: 'is found by somebody’s address', gate: 'The operator says who the provider is; no visitor does.', play: { also: never('/.well-known/webfinger') }
  }, {
    name: 'oidcc-client-test-discovery-webfinger-url', profiles: ['all'], provider: 'is found by somebody’s page', gate: 'The operator says who the provider is; no visitor does.', play: { also: never('/.well-known/webfinger') }
  }, {
    name: 'oidcc-client-test-dynamic-registration', profiles: ['all'], provider: 'registers clients that nobody knows', gate: 'The operator registers the gate, once.',
    play: { twist: { discovery: issuer => ({ registration_endpoint: `${issuer}/register` }) }, also: never('/register') }
  }, {
    name: 'oidcc-client-test-request-uri-signed-rs256', profiles: ['all'], provider: 'reads the request from an address of the client’s', gate: 'All of it goes by the browser, and what binds it to the login does too: state, nonce and PKCE.',
    play: { twist: { discovery: () => ({ request_uri_parameter_supported: true }) }, also: withoutRequest }
  }, {
    name: 'oidcc-client-test-request-uri-signed-none', profiles: ['all'], provider: 'reads the request, unsigned, from an address of the client’s', gate: 'As above.',
    play: { twist: { discovery: () => ({ request_uri_parameter_supported: true, require_request_uri_registration: true }) }, also: withoutRequest }
  }, {
    name: 'oidcc-client-test-userinfo-signed', profiles: ['all'], provider: 'signs its userinfo', gate: 'Nobody registers for it by accident: userinfo that is no JSON object ends the sign-in.',
    play: { twist: { signsUserinfo: true }, refused: 'GATE_PROVIDER_ANSWER_INVALID' }
  }
]
