import t from 'tap'
import { Claims } from '../../src/claims.ts'
import { IdentityTooLarge } from '../../src/errors.ts'
import { identify } from '../../src/identity/identify.ts'
import { Expression, readDocument } from '../../src/identity/jmespath.ts'
import { keepClaims } from '../../src/identity/kept-claims.ts'
import { Trace } from '../../src/identity/trace.ts'

const sourceOf = (json: object) => ({ name: 'a document', claims: new Claims(json), document: readDocument(new Claims(json)) })
const keep = (wanted: Readonly<Record<string, string>>, ...documents: readonly object[]) =>
  keepClaims(Object.entries(wanted).map(([name, text]) => ({ name, expression: new Expression(text) })), documents.map(sourceOf), new Trace())

t.test('each claim comes from the first source that has a result, on its own', async t => {
  t.strictSame(keep({ department: 'org.department', level: 'level', first: 'roles[0]' }, { level: 3, org: null }, { level: 4, org: { department: 'R&D' } }, { roles: ['x', 'y'] }), { department: 'R&D', level: 3, first: 'x' })
  t.strictSame(keep({ no: 'active' }, { active: false }, { active: true }), { no: false }, 'false is a result')
  t.strictSame(keep({ list: 'roles[]' }, {}, { roles: [] }, { roles: ['x'] }), { list: [] }, 'and so is an empty list')
})

t.test('what no source has, or cannot be evaluated, is left out', async t => {
  t.strictSame(keep({ a: 'a', b: 'avg(b)', c: 'to_number(c)' }, { a: null, b: ['x'], c: 'x' }), {})
  t.strictSame(keepClaims([{ name: 'a', expression: new Expression('a') }], [{ ...sourceOf({ a: 1 }), document: undefined }], new Trace()), {}, 'nor of a document that is not believed')
  t.strictSame(keep({}, { a: 1 }), {})
})

t.test('what is kept is plain data, whatever the claims hold', async t => {
  const hostile = JSON.parse('{"key":"__proto__","a":{"__proto__":{"admin":true},"constructor":"c","b":1}}') as object
  const { all, made } = keep({ all: 'a', made: 'from_items([[key, a]])' }, hostile)
  t.strictSame(all, { constructor: 'c', b: 1 })
  t.equal((all as Record<string, unknown>)['admin'], undefined)
  t.equal((made as Record<string, unknown> | undefined)?.['b'], undefined)
  t.doesNotThrow(() => JSON.stringify([all, made]))
  t.equal(({} as Record<string, unknown>)['admin'], undefined)
})

t.test('one claim has at most 2 KiB as JSON, all together 8 KiB, and the message names the setting', async t => {
  const text = (bytes: number) => 'x'.repeat(bytes - 2)
  t.strictSame(keep({ a: 'a' }, { a: text(2048) }), { a: text(2048) })
  t.throws(() => keep({ a: 'a' }, { a: text(2049) }), { constructor: IdentityTooLarge, message: '--claim=a=… has 2049 bytes, and 2048 are kept; have its expression choose less' })
  t.throws(() => keep({ a: 'a' }, { a: 'ü'.repeat(1024) }), IdentityTooLarge, 'bytes, not characters')
  const four = { a: 'a', b: 'a', c: 'a', d: 'a' }
  t.equal(Object.keys(keep(four, { a: text(2048) })).length, 4)
  t.throws(() => keep({ ...four, e: '\'\'' }, { a: text(2048) }), { constructor: IdentityTooLarge, message: /what --claim keeps has 8194 bytes \(a 2048, b 2048, c 2048, d 2048, e 2\)/ })
})

t.test('an identity has the claims that were asked for, and no other', async t => {
  const sources = { claims: new Claims({ sub: '1', email: 'a@b.c', dept: 'x', secret: 'y' }) }
  const provider = { userKey: 'email', identity: () => ({ subject: '1' }) }
  const of = (claims?: readonly { name: string, expression: Expression }[]) => identify(provider, { sources }, { providerName: 'oidc', allowUnverifiedEmail: true, ...claims !== undefined && { mapping: { claim: claims } } }).claims
  t.strictSame(of([{ name: 'department', expression: new Expression('dept') }]), { department: 'x' })
  t.strictSame(of(), {})
})
