// Signatures that are none, and headers that would lead to another key.
import { CompactEncrypt, CompactSign, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose'
import { client, type Misbehaving } from './provider.ts'
import { admitted, refused, type Does, type Members, type Row } from './row.ts'

type Forge = (provider: Misbehaving) => string | Promise<string>

const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const forged = (title: string, idToken: Forge, says: RegExp, asked = 'token'): Row => ({ title, does: { idToken }, expects: refused('GATE_ID_TOKEN_INVALID', says, asked) })
/** Each by a gate of its own, since all may ask for a new key together once a minute. */
const unknown = (title: string, kid: string): Row => ({ title, fresh: true, does: { header: { kid } }, expects: refused('GATE_ID_TOKEN_INVALID', /could not be verified: no applicable key/, 'discovery token keys keys') })
const headed = (title: string, header: Does['header'], expects: Row['expects']): Row => ({ title, does: { header: header as Exclude<Does['header'], undefined> }, expects })

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const stranger = generateKeyPair('ES256')
const rsa = generateKeyPair('RS256')
const lock = generateKeyPair('RSA-OAEP-256')
const hmac = async (provider: Misbehaving, key: string, header = {}): Promise<string> => await new SignJWT(provider.claims() as Record<string, unknown>).setProtectedHeader({ alg: 'HS256', ...header }).sign(bytes(key))
const byStranger = async (provider: Misbehaving, header = {}): Promise<string> => await new SignJWT(provider.claims() as Record<string, unknown>).setProtectedHeader({ alg: 'ES256', kid: provider.here.publicKey.kid as string, ...header }).sign((await stranger).privateKey)
const payload = async (provider: Misbehaving, text: string | Uint8Array): Promise<string> => await new CompactSign(typeof text === 'string' ? bytes(text) : text).setProtectedHeader({ alg: 'ES256', kid: provider.here.publicKey.kid as string }).sign(provider.here.privateKey)
const parts = async (provider: Misbehaving): Promise<[string, string, string]> => (await provider.sign(provider.claims())).split('.') as [string, string, string]
/** JSON that can be read, and not be written again. */
const deepened = (claims: Members): string => JSON.stringify(claims).replace('"deep"', '['.repeat(100_000) + ']'.repeat(100_000))
const kid = ({ here }: Misbehaving): string => here.publicKey.kid as string

export const signatureRows: readonly Row[] = [
  { title: 'no id_token, though openid was asked for', does: { idToken: undefined }, expects: refused('GATE_ID_TOKEN_INVALID', /^the provider sent no id_token/, 'token') },
  { title: 'an id_token that is null', does: { idToken: null }, expects: refused('GATE_ID_TOKEN_INVALID', /^the provider sent no id_token/, 'token') },
  { title: 'an id_token that is an object', does: { idToken: { sub: 'ada-1' } }, expects: refused('GATE_PROVIDER_ANSWER_INVALID', /its id_token is no text/, 'token') },
  forged('an empty id_token', () => '', /^it is no JSON Web Token/),
  forged('an id_token that is a word', () => 'nonsense', /^it is no JSON Web Token/),
  forged('an id_token of two parts', async p => (await parts(p)).slice(0, 2).join('.'), /no JSON Web Token|could not be verified/),
  forged('an id_token of four parts', async p => [...await parts(p), 'x'].join('.'), /no JSON Web Token/),
  forged('an id_token whose signature is gone', async p => [...(await parts(p)).slice(0, 2), ''].join('.'), /could not be verified/),
  forged('an id_token that was cut', async p => (await p.sign(p.claims())).slice(0, -12), /could not be verified/),
  forged('an id_token whose claims were changed behind the signature', async p => { const [head, , tail] = await parts(p); return `${head}.${part(p.claims({ sub: 'admin' }))}.${tail}` }, /could not be verified/),
  forged('an id_token with one bit of its signature changed', async p => { const [head, body, tail] = await parts(p); return `${head}.${body}.${tail.startsWith('A') ? 'B' : 'A'}${tail.slice(1)}` }, /could not be verified/),
  forged('an id_token whose header was changed behind the signature', async p => { const [, body, tail] = await parts(p); return `${part({ alg: 'ES256', kid: kid(p), typ: 'JWT' })}.${body}.${tail}` }, /could not be verified/),
  forged('alg none', p => new UnsecuredJWT(p.claims() as Record<string, unknown>).encode(), /^the algorithm "none" is not accepted/),
  forged('alg None, with a capital', p => `${part({ alg: 'None' })}.${part(p.claims())}.`, /^the algorithm "None" is not accepted/),
  forged('alg nOnE, with an honest signature behind', async p => { const [, body, tail] = await parts(p); return `${part({ alg: 'nOnE' })}.${body}.${tail}` }, /^the algorithm "nOnE"/),
  forged('no alg at all', async p => { const [, body, tail] = await parts(p); return `${part({ kid: kid(p) })}.${body}.${tail}` }, /^the algorithm "" is not accepted/),
  forged('an alg that is a list', async p => { const [, body, tail] = await parts(p); return `${part({ alg: ['ES256'] })}.${body}.${tail}` }, /^the algorithm "" is not accepted/),
  forged('an alg that nobody knows', async p => { const [, body, tail] = await parts(p); return `${part({ alg: 'XS256', kid: kid(p) })}.${body}.${tail}` }, /^the algorithm "XS256"/),
  forged('algorithm confusion: HS256 with the client’s secret', p => hmac(p, client.secret.padEnd(32, '.')), /^the algorithm "HS256"/),
  forged('algorithm confusion: HS256 with the public key as PEM', async p => await hmac(p, await exportSPKI(await importJWK(p.here.publicKey, 'ES256') as CryptoKey), { kid: kid(p) }), /^the algorithm "HS256"/),
  forged('algorithm confusion: HS256 with the public key as JSON', p => hmac(p, JSON.stringify(p.here.publicKey), { kid: kid(p) }), /^the algorithm "HS256"/),
  forged('algorithm confusion: HS512 with no key', async p => { const [, body] = await parts(p); return `${part({ alg: 'HS512' })}.${body}.${part('x')}` }, /^the algorithm "HS512"/),
  { fresh: true, ...forged('algorithm confusion: RS256 over a key for ES256', async p => await new SignJWT(p.claims() as Record<string, unknown>).setProtectedHeader({ alg: 'RS256', kid: kid(p) }).sign((await rsa).privateKey), /could not be verified/, 'discovery token keys keys') },
  forged('algorithm confusion: RSA1_5, which encrypts', async p => { const [, body, tail] = await parts(p); return `${part({ alg: 'RSA1_5' })}.${body}.${tail}` }, /^the algorithm "RSA1_5"/),
  forged('an encrypted id_token', async p => await new CompactEncrypt(bytes(JSON.stringify(p.claims()))).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt((await lock).publicKey), /^the algorithm "RSA-OAEP-256"/),
  forged('a stranger’s signature under the name of the right key', p => byStranger(p), /could not be verified/),
  forged('a key in the header: jwk', async p => await byStranger(p, { jwk: await exportJWK((await stranger).publicKey) }), /could not be verified/),
  forged('a key elsewhere: jku', p => byStranger(p, { jku: `${p.elsewhere.issuer}/keys` }), /could not be verified/),
  forged('a key elsewhere: x5u', p => byStranger(p, { x5u: `${p.elsewhere.issuer}/chain` }), /could not be verified/),
  forged('a certificate in the header: x5c', p => byStranger(p, { x5c: ['MIIB'] }), /could not be verified/),
  forged('a token of an issuer’s own making: iss in the header', p => byStranger(p, { iss: p.elsewhere.issuer }), /could not be verified/),
  headed('jku beside an honest signature, which nobody follows', ({ elsewhere }) => ({ jku: `${elsewhere.issuer}/keys` }), admitted()),
  forged('crit, which no id_token needs', async p => { const [, body, tail] = await parts(p); return `${part({ alg: 'ES256', kid: kid(p), crit: ['exp'], exp: 1 })}.${body}.${tail}` }, /^the header has crit/),
  headed('a payload that is not base64: b64', { b64: true, crit: ['b64'] }, refused('GATE_ID_TOKEN_INVALID', /^the header has crit/, 'token')),
  headed('a token of another kind: an access token', { typ: 'at+jwt' }, refused('GATE_ID_TOKEN_INVALID', /^typ is "at\+jwt"/, 'token')),
  headed('a token of another kind: a logout token', { typ: 'logout+jwt' }, refused('GATE_ID_TOKEN_INVALID', /^typ is "logout\+jwt"/, 'token')),
  headed('a token of another kind, in capitals and in full: application/DPOP+JWT', { typ: 'application/DPOP+JWT' }, refused('GATE_ID_TOKEN_INVALID', /^typ is "application\/DPOP\+JWT"/, 'token')),
  headed('a type that is no text', { typ: ['JWT'] as never }, refused('GATE_ID_TOKEN_INVALID', /^typ is \["JWT"\]/, 'token')),
  headed('a type of JWT, as most have', { typ: 'JWT' }, admitted()),
  unknown('a kid that is a path: ../../keys', '../../keys'),
  unknown('a kid that is the name of a member: __proto__', '__proto__'),
  unknown('a kid that is a question to a database', '\' OR 1=1 --'),
  unknown('a kid of 100,000 characters', 'k'.repeat(100_000)),
  headed('a kid that is a number', { kid: 0 as never }, refused('GATE_ID_TOKEN_INVALID', /^kid is 0/, 'token')),
  headed('no kid, where there is one key', { kid: undefined as never }, admitted()),
  forged('claims that are a list', p => payload(p, JSON.stringify([p.claims()])), /^iss is missing/),
  forged('claims that are null', p => payload(p, 'null'), /^iss is missing/),
  forged('claims that are a text', p => payload(p, '"ada-1"'), /^iss is missing/),
  forged('claims that are no JSON', p => payload(p, '{"sub":'), /the token or its key is malformed/),
  forged('claims that are no UTF-8', p => payload(p, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), /could not be verified: .*not valid/),
  forged('an end that is infinite', p => payload(p, JSON.stringify(p.claims()).replace(/"exp":\d+/, '"exp":1e999')), /^exp is missing or not a number/),
  forged('the issuer twice, the second wrong', p => payload(p, JSON.stringify(p.claims()).replace('{', '{"a":1,').replace(/}$/, ',"iss":"https://another.example"}')), /^iss is "https:\/\/another/),
  { title: 'the person twice, of which the last counts (RFC 7519 §4)', does: { idToken: p => payload(p, JSON.stringify(p.claims()).replace('{', '{"sub":"admin",')) }, expects: admitted() },
  forged('an audience so deep that no stack holds it', p => payload(p, deepened(p.claims({ aud: 'deep' }))), /^aud is too deep to be shown/),
  forged('an issuer so deep that no stack holds it', p => payload(p, deepened(p.claims({ iss: 'deep' }))), /^iss is too deep to be shown/),
  { title: 'a claim so deep that no stack holds it, which nobody asked for', does: { idToken: p => payload(p, deepened(p.claims({ address: 'deep' }))) }, expects: admitted() },
  forged('claims with __proto__ in place of what is missing', p => payload(p, JSON.stringify(p.claims({ sub: undefined })).replace('{', '{"__proto__":{"sub":"admin"},')), /^sub is missing/)
]
