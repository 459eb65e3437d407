import { UnsecuredJWT } from 'jose'
import t from 'tap'
import google from '../../providers/google.ts'
import { Claims } from '../../src/claims.ts'
import { listDocuments, mergeClaims } from '../../src/oauth/merge-claims.ts'

const jwt = (claims: Record<string, unknown>): string => new UnsecuredJWT(claims).encode()
const merged = (trusted: readonly Claims[], token: string): Claims => mergeClaims(listDocuments(trusted.map(claims => ({ name: 'userinfo', claims })), token))

t.test('a JWT access token is the last source, and one of another subject is none', t => {
  const trusted = [new Claims({ sub: 'm-1', name: 'Mallory' })]
  t.match(merged(trusted, jwt({ sub: 'm-1', name: 'x', groups: ['a'] })).texts('groups'), ['a'])
  t.equal(merged(trusted, jwt({ sub: 'm-1', name: 'x' })).text('name'), 'Mallory')
  t.match(merged([new Claims({ id: 7 })], jwt({ sub: '7', groups: ['a'] })).texts('groups'), ['a'])
  for (const token of [jwt({ sub: 'other', groups: ['admins'] }), jwt({ sub: 7, groups: ['admins'] }), 'opaque', 'a.b.c', '', `x.${Buffer.from('{').toString('base64url')}.`]) {
    t.strictSame(merged(trusted, token).texts('groups'), [], token)
  }
  t.end()
})

t.test('an address that any source doubts is not verified by another', t => {
  const verified = new Claims({ sub: 's', email_verified: true })
  t.ok(merged([verified, new Claims({ email: 'a@example.com' })], '').is('email_verified'))
  for (const doubt of [false, 'false', null, 'TRUE', 1]) {
    const doubtful = new Claims({ email: 'ceo@example.com', email_verified: doubt })
    t.notOk(merged([verified, doubtful], '').is('email_verified'), JSON.stringify(doubt))
    t.notOk(merged([verified], jwt({ email: 'ceo@example.com', email_verified: doubt })).is('email_verified'))
  }
  t.end()
})

t.test('a word that is borrowed: no source vouches for an address that only another one has', t => {
  const bare = new Claims({ sub: 's', email: 'ceo@example.com' })
  for (const word of ['email_verified', 'verified_email', 'xms_edov']) {
    const own = { sub: 's', email: 'mallory@example.com', [word]: true }
    t.match([merged([bare, new Claims(own)], '').text('email'), merged([bare, new Claims(own)], '').has(word)], ['ceo@example.com', false], word)
    t.notOk(merged([bare], jwt(own)).has(word), `${word} of an access token`)
    t.ok(merged([bare, new Claims({ ...own, email: 'CEO@example.com' })], '').is(word), 'the same address in capitals')
    t.ok(merged([bare, new Claims({ ...own, email: undefined })], '').is(word), 'and who names none means the one there is')
  }
  t.notOk(google.identity({ claims: merged([bare, new Claims({ email: 'mallory@example.com', email_verified: true })], '') }, { parameters: {}, allowedTenants: [] }).email)
  t.end()
})

t.test('what is null or empty in an earlier source does not hide what a later one says', t => {
  const claims = merged([new Claims({ sub: 's', name: '', email: null, groups: [], locale: null }), new Claims({ sub: 's', name: 'Ida', email: 'i@example.com', groups: ['a'] })], '')
  t.match([claims.text('name'), claims.text('email')], ['Ida', 'i@example.com'])
  t.strictSame([claims.texts('groups'), claims.has('locale')], [[], true], 'an empty list is something said, and what is null everywhere is still there')
  const doubtful = merged([new Claims({ email: '', email_verified: null }), new Claims({ email: 'ceo@example.com', email_verified: true })], '')
  t.notOk(doubtful.is('email_verified'), 'and a doubt is not taken away')
  t.end()
})
