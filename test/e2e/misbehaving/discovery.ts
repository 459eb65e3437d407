// The discovery document, as a gate that knows nothing yet reads it.
import { gzipSync } from 'node:zlib'
import { json } from '../../fixtures/hostile-provider.ts'
import { raw, text, type Misbehaving } from './provider.ts'
import { admitted, refused, type Does, type Members, type Refused, type Row } from './row.ts'

const WHERE = '/.well-known/openid-configuration'
const FIRST = 'discovery token keys user'

const bad = (title: string, discovery: Does['discovery'], says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID', asked = 'discovery'): Row => ({ title, fresh: true, does: { discovery: discovery as Exclude<Does['discovery'], undefined> }, expects: refused(code, says, asked) })
const odd = (title: string, answer: Exclude<Does['answers'], undefined>[string], says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID'): Row => ({ title, fresh: true, does: { answers: { [WHERE]: answer } }, expects: refused(code, says, 'discovery') })
const good = (title: string, discovery: Does['discovery'], asked = FIRST): Row => ({ title, fresh: true, does: { discovery: discovery as Exclude<Does['discovery'], undefined> }, expects: admitted(undefined, asked) })

const document = ({ issuer }: Misbehaving, more: Members = {}): Members => ({ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, userinfo_endpoint: `${issuer}/user`, jwks_uri: `${issuer}/keys`, ...more })

export const discoveryRows: readonly Row[] = [
  bad('a discovery document of another issuer', { issuer: 'https://another.example' }, /^the discovery document says its issuer is "https:\/\/another\.example"/, 'GATE_DISCOVERY_MISMATCH'),
  bad('a discovery document whose issuer has a slash more', ({ issuer }) => ({ issuer: `${issuer}/` }), /differ by a trailing slash/, 'GATE_DISCOVERY_MISMATCH'),
  bad('a discovery document without an issuer', { issuer: undefined }, /names no issuer/),
  bad('a discovery document with a list of issuers', ({ issuer }) => ({ issuer: [issuer] }), /names no issuer/),
  odd('a discovery document that names two issuers, the last of them another', p => text(JSON.stringify(document(p)).replace(/}$/, ',"issuer":"https://another.example"}')), /another\.example/, 'GATE_DISCOVERY_MISMATCH'),
  odd('a discovery document whose issuer is in __proto__', p => text(JSON.stringify(document(p, { issuer: undefined })).replace('{', `{"__proto__":{"issuer":"${p.issuer}"},`)), /names no issuer/),
  bad('a token endpoint on plain http on another machine', { token_endpoint: 'http://192.0.2.1/token' }, /token_endpoint, which is not https/),
  bad('an authorization endpoint on plain http on another machine', { authorization_endpoint: 'http://login.example.com/authorize' }, /authorization_endpoint, which is not https/),
  bad('a userinfo endpoint on plain http on another machine', { userinfo_endpoint: 'http://192.0.2.1/user' }, /userinfo_endpoint, which is not https/),
  bad('a key set on plain http on another machine', { jwks_uri: 'http://192.0.2.1/keys' }, /jwks_uri, which is not https/),
  bad('an authorization endpoint that is a script', { authorization_endpoint: 'javascript:alert(1)' }, /authorization_endpoint, which is not https/),
  bad('a token endpoint that is a file', { token_endpoint: 'file:///etc/passwd' }, /token_endpoint, which is not https/),
  bad('a key set that is in its own address', { jwks_uri: 'data:application/json,{"keys":[]}' }, /jwks_uri, which is not https/),
  bad('an authorization endpoint that is relative', { authorization_endpoint: '/authorize' }, /authorization_endpoint, which is not https/),
  bad('a token endpoint that begins with two slashes', { token_endpoint: '//192.0.2.1/token' }, /token_endpoint, which is not https/),
  bad('a host that looks like this machine and is none', { token_endpoint: 'http://127.0.0.1.example.com/token' }, /token_endpoint, which is not https/),
  bad('a host that stands behind this machine’s name', { token_endpoint: 'http://127.0.0.1@192.0.2.1/token' }, /token_endpoint, which is not https/),
  bad('no authorization endpoint', { authorization_endpoint: undefined }, /^no authorization_endpoint is known/),
  bad('no token endpoint', { token_endpoint: undefined }, /^no token_endpoint is known/, 'GATE_PROVIDER_ANSWER_INVALID', 'discovery'),
  bad('a token endpoint that is a number', { token_endpoint: 7 }, /token_endpoint, which is not https/),
  bad('no key set', { jwks_uri: undefined }, /^the discovery document names no jwks_uri/, 'GATE_ID_TOKEN_INVALID', 'discovery token'),
  bad('a promise of iss that is not kept', { authorization_response_iss_parameter_supported: true, issuer: undefined }, /names no issuer/),
  odd('HTML in place of the discovery document', () => text('<!doctype html><title>Welcome</title>', { 'content-type': 'text/html' }), /answered 200 with text\/html instead of JSON/),
  odd('HTML that says it is JSON', () => text('<!doctype html>'), /text that is not JSON/),
  odd('a discovery document without a content type', p => raw(`HTTP/1.1 200 OK\r\ncontent-length: ${JSON.stringify(document(p)).length}\r\n\r\n${JSON.stringify(document(p))}`), /with no content type instead of JSON/),
  odd('a discovery document that is a list', p => json([document(p)]), /names no issuer/),
  odd('a discovery document that is null', () => json(null), /names no issuer/),
  odd('a discovery document that is a text', () => json('https://another.example'), /names no issuer/),
  odd('an empty discovery document', () => text(''), /text that is not JSON/),
  odd('a discovery document with 404', p => json(document(p), 404), /the answer was 404/),
  odd('a discovery document with 500', p => json(document(p), 500), /the answer was 500/),
  odd('a discovery document with 203, by somebody on the way', p => json(document(p), 203), /the answer was 203/),
  odd('no content at all: 204', () => response => response.writeHead(204).end(), /the answer was 204/),
  odd('a redirect to another server’s discovery document', ({ elsewhere }) => response => response.writeHead(302, { location: `${elsewhere.issuer}${WHERE}` }).end(), /answered 302, a redirect to/),
  odd('a permanent redirect that keeps the method: 308', ({ elsewhere }) => response => response.writeHead(308, { location: elsewhere.issuer }).end(), /answered 308, a redirect to/),
  odd('a discovery document of more than 1 MiB', p => json(document(p, { padding: 'x'.repeat(1_100_000) })), /answered more than 1 MiB/),
  odd('a discovery document of 100 MB that travels as 100 kB', () => text(gzipSync(Buffer.alloc(100_000_000, 32), { level: 9 }), { 'content-encoding': 'gzip' }), /answered more than 1 MiB/),
  odd('a discovery document that says it is compressed, and is not', p => text(JSON.stringify(document(p)), { 'content-encoding': 'gzip' }), /incorrect header check|invalid/i, 'GATE_PROVIDER_UNREACHABLE'),
  odd('a discovery document that ends too early', p => raw(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n${JSON.stringify(document(p))}`), /other side closed|terminated/, 'GATE_PROVIDER_UNREACHABLE'),
  odd('a connection that is closed without a word', () => raw(''), /other side closed/, 'GATE_PROVIDER_UNREACHABLE'),
  odd('a connection that is reset', () => raw('HTTP/1.1 200 OK\r\n', 'reset'), /UND_ERR_SOCKET|ECONNRESET/, 'GATE_PROVIDER_UNREACHABLE'),
  good('PKCE downgrade: a provider that lists plain alone is still sent S256', { code_challenge_methods_supported: ['plain'] }),
  good('PKCE downgrade: a provider that says it knows no PKCE', { code_challenge_methods_supported: [] }),
  bad('a provider that says it signs with none or by the secret, and then signs by a key: it promised no algorithm that counts', { id_token_signing_alg_values_supported: ['none', 'HS256'] }, /^the algorithm "ES256" is not among those that the discovery document names/, 'GATE_ID_TOKEN_INVALID', 'discovery token'),
  good('a provider that would rather have no client authentication', { token_endpoint_auth_methods_supported: ['none'] }),
  good('lists that are objects, and numbers in lists', { token_endpoint_auth_methods_supported: { client_secret_post: 1 }, scopes_supported: [1, null, {}], prompt_values_supported: 7 }),
  good('where people sign out is a script: nobody is led there', { end_session_endpoint: 'javascript:alert(1)' }),
  good('where tokens are taken back is on plain http elsewhere: none is sent there', { revocation_endpoint: 'http://192.0.2.1/revoke' }),
  good('an authorization endpoint whose own query asks for another client, answer and address', ({ issuer, elsewhere }) => ({ authorization_endpoint: `${issuer}/authorize?client_id=evil&redirect_uri=${encodeURIComponent(elsewhere.issuer)}&response_type=token&response_mode=fragment&nonce=n&state=s&scope=admin&code_challenge=c&code_challenge_method=plain&request_uri=urn:x&tenant=1` })),
  good('names of members that are __proto__ and constructor', JSON.parse('{"__proto__":{"token_endpoint":"http://192.0.2.1/"},"constructor":{"prototype":{"issuer":1}}}') as Members),
  { ...good('no userinfo: the id_token is all there is', { userinfo_endpoint: undefined }, 'discovery token keys'), does: { discovery: { userinfo_endpoint: undefined }, claims: { email: 'ada@example.com', email_verified: true, groups: ['staff'] } } },
  { title: 'a discovery document of another kind of JSON, with a mark at its beginning', fresh: true, does: { answers: { [WHERE]: p => text(`\uFEFF${JSON.stringify(document(p))}`, { 'content-type': 'application/hal+json; charset=utf-8' }) } }, expects: admitted(undefined, FIRST) }
]
