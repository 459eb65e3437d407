// The key set, as a gate that has none yet reads it, and as one that has.
import { exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose'
import { generateKeyPairSync, sign } from 'node:crypto'
import { json, type Answer } from '../../fixtures/hostile-provider.ts'
import { text, type Misbehaving } from './provider.ts'
import { admitted, refused, type Does, type Refused, type Row } from './row.ts'

const FIRST = 'discovery token keys user'
type Keys = Exclude<Does['keys'], undefined>
const bad = (title: string, keys: Keys, says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID', asked = 'discovery token keys'): Row => ({ title, fresh: true, does: { keys: keys }, expects: refused(code, says, asked) })
const odd = (title: string, answer: () => Answer, says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID'): Row => ({ title, fresh: true, does: { answers: { '/keys': answer } }, expects: refused(code, says, 'discovery token keys') })
/** A key that is looked for where it is not: once more, since it may be new. */
const missing = (title: string, keys: Keys, header: Does['header'] = {}): Row => ({ title, fresh: true, does: { keys: keys, header: header as Exclude<Does['header'], undefined> }, expects: refused('GATE_ID_TOKEN_INVALID', /could not be verified: no applicable key/, 'discovery token keys keys') })
const good = (title: string, does: Does): Row => ({ title, fresh: true, does, expects: admitted(undefined, FIRST) })

const key = ({ here }: Misbehaving) => here.publicKey
const other = generateKeyPair('ES256')
const otherKey = async (more = {}) => ({ ...await exportJWK((await other).publicKey), kid: 'other', alg: 'ES256', use: 'sig', ...more })
const short = generateKeyPairSync('rsa', { modulusLength: 1024 })

function byShort (provider: Misbehaving): string {
  const signed = [{ alg: 'RS256', kid: 'short' }, provider.claims()].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign('sha256', Buffer.from(signed), short.privateKey).toString('base64url')}`
}

async function rotated (provider: Misbehaving): Promise<void> {
  await provider.here.rotate()
}

const down: Answer = json({ error: 'later' }, 503)

export const keyRows: readonly Row[] = [
  missing('an empty key set', { keys: [] }),
  missing('a key that is for encryption', p => ({ keys: [{ ...key(p), use: 'enc' }] })),
  missing('a key that may not verify: key_ops', p => ({ keys: [{ ...key(p), key_ops: ['encrypt'] }] })),
  missing('a key for another algorithm', p => ({ keys: [{ ...key(p), alg: 'ES384' }] })),
  missing('a key of another kind under the right name', p => ({ keys: [{ kty: 'oct', kid: key(p).kid, k: 'c2VjcmV0' }] })),
  missing('a key under another name', p => ({ keys: [{ ...key(p), kid: 'another' }] })),
  bad('a key set that is a list', p => [key(p)], /is no JSON Web Key Set/),
  bad('a key set that is a key', p => key(p), /is no JSON Web Key Set/),
  bad('a key set whose keys are an object', p => ({ keys: { 0: key(p) } }), /is no JSON Web Key Set/),
  bad('a key set with null in it', p => ({ keys: [null, key(p)] }), /is no JSON Web Key Set/),
  bad('keys that are texts', { keys: ['key'] }, /is no JSON Web Key Set/),
  bad('a key set that is null', null, /is no JSON Web Key Set/),
  bad('a flood of keys: 101', p => ({ keys: Array.from({ length: 101 }, (_, at) => ({ ...key(p), kid: `${key(p).kid}${at}` })) }), /has more than 100 keys/),
  bad('a flood of keys: more than 1 MiB', p => ({ keys: [key(p)], padding: 'x'.repeat(1_100_000) }), /answered more than 1 MiB/),
  bad('a private key that everybody can read: whoever has it could sign', async p => ({ keys: [{ ...await exportJWK(p.here.privateKey).catch(() => ({})), ...key(p), d: 'AAAA' }] }), /could not be verified/, 'GATE_ID_TOKEN_INVALID'),
  bad('a key whose numbers are missing', p => ({ keys: [{ ...key(p), x: undefined }] }), /could not be verified/, 'GATE_ID_TOKEN_INVALID'),
  bad('a key that is no point of its curve', p => ({ keys: [{ ...key(p), x: 'AAAA' }] }), /could not be verified/, 'GATE_ID_TOKEN_INVALID'),
  bad('two keys of one name, one of them a stranger’s', async p => ({ keys: [await otherKey({ kid: key(p).kid }), key(p)] }), /multiple matching keys/, 'GATE_ID_TOKEN_INVALID'),
  { title: 'an RSA key of 1024 bits', fresh: true, does: { keys: { keys: [{ ...short.publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256', use: 'sig' }] }, idToken: byShort }, expects: refused('GATE_ID_TOKEN_INVALID', /could not be verified: .*2048 bits/, 'discovery token keys') },
  { title: 'no kid, where there are two keys', fresh: true, does: { keys: async p => ({ keys: [await otherKey(), key(p)] }), header: { kid: undefined as never } }, expects: refused('GATE_ID_TOKEN_INVALID', /multiple matching keys/, 'discovery token keys') },
  odd('HTML in place of the key set', () => text('<html>', { 'content-type': 'text/html' }), /with text\/html instead of JSON/),
  odd('a key set that is no JSON', () => text('{"keys":['), /text that is not JSON/),
  odd('a key set with 500', () => down, /answered 503/),
  odd('a redirect to another server’s keys', () => response => response.writeHead(302, { location: 'http://127.0.0.1:9/keys' }).end(), /answered 302, a redirect/),
  { title: 'a key set of another server: its keys do not fit', fresh: true, does: { discovery: ({ issuer }) => ({ jwks_uri: `${issuer}/other-keys` }), answers: {}, first: ({ here }) => { here.answer('/other-keys', async (response, seen) => json({ keys: [await otherKey()] })(response, seen)) } }, expects: refused('GATE_ID_TOKEN_INVALID', /no applicable key/, 'discovery token other-keys other-keys') },
  good('key_ops and use that fit, and members nobody knows', { keys: p => ({ keys: [{ ...key(p), key_ops: ['verify'], x5t: 'x', odd: [1] }], more: 1 }) }),
  good('keys of kinds that nobody knows beside ours', { keys: p => ({ keys: [{ kty: 'AKP', alg: 'ML-DSA-44', kid: 'new' }, { kty: 'oct', kid: 'o', k: 'c2VjcmV0' }, key(p)] }) }),
  good('a key set of its own content type', { answers: { '/keys': p => text(JSON.stringify({ keys: [key(p)] }), { 'content-type': 'application/jwk-set+json' }) } }),
  { title: 'key rotation: a token by a new key, and the set is asked for once more', does: { first: rotated }, expects: admitted(undefined, 'token keys user'), after: 61_000 },
  { title: 'key rotation: a token by a new key that is not in the set yet', does: { first: rotated, keys: async () => ({ keys: [await otherKey()] }) }, expects: refused('GATE_ID_TOKEN_INVALID', /no applicable key/, 'token keys'), after: 61_000 },
  { title: 'keys that are away, and the one of the token is known', does: { answers: { '/keys': () => down } }, expects: admitted() },
  { title: 'keys that are away, and the one of the token is not known', does: { first: rotated, answers: { '/keys': () => down } }, expects: refused('GATE_ID_TOKEN_INVALID', /no applicable key/, 'token keys'), after: 61_000 },
  { title: 'a key set that is suddenly a flood, and the key of the token is known', does: { keys: { keys: Array(200).fill({}) } }, expects: admitted() },
  {
    title: 'a token by a key that was taken out of the set', after: 61_000,
    does: { idToken: async p => await new SignJWT(p.claims() as Record<string, unknown>).setProtectedHeader({ alg: 'ES256', kid: 'key-retired' }).sign(await importJWK({ ...await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey) }, 'ES256') as CryptoKey) },
    expects: refused('GATE_ID_TOKEN_INVALID', /no applicable key/, 'token keys')
  }
]
