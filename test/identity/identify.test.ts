import t from 'tap'
import { Claims } from '../../src/claims.ts'
import { IdentityTooLarge, UserMissing } from '../../src/errors.ts'
import { identify, SubjectMissing, type IdentitySettings } from '../../src/identity/identify.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { openidIdentity } from '../../providers/openid.ts'

const full = { sub: 's-1', email: 'alice@example.com', preferred_username: 'alice', name: 'Alice', groups: ['admins'] }

function of (claims: Record<string, unknown>, settings: Partial<IdentitySettings> = {}): Identity {
  const provider = { identity: openidIdentity, userKey: 'email' }
  return identify(provider, { sources: { claims: new Claims(claims) } }, { allowUnverifiedEmail: false, providerName: 'generic', ...settings })
}

t.test('claims become an identity of ours, and what is not there is not there', t => {
  t.strictSame(of(full), {
    provider: 'generic', subject: 's-1', user: 'alice@example.com', login: 'alice', email: 'alice@example.com', name: 'Alice',
    groups: ['admins'], teams: [], organizations: [], claims: {}
  })
  t.strictSame(of({ sub: 's-1', email: 'a@example.com', name: '' }), {
    provider: 'generic', subject: 's-1', user: 'a@example.com', email: 'a@example.com', groups: [], teams: [], organizations: [], claims: {}
  })
  t.end()
})

t.test('a provider without groups gives none', t => {
  const provider = { userKey: 'sub', identity: () => ({ subject: 'x' }) }
  t.match(identify(provider, { sources: { claims: new Claims({ sub: 'x' }) } }, { allowUnverifiedEmail: false, providerName: 'p' }), { provider: 'p', user: 'x', groups: [] })
  t.end()
})

t.test('a setting names another claim as the user; email always means the mapped address', t => {
  t.equal(of(full, { userKey: 'preferred_username' }).user, 'alice')
  t.equal(of({ ...full, employee: 7 }, { userKey: 'employee' }).user, '7')
  t.throws(() => of({ ...full, email_verified: false }, { userKey: 'email' }), UserMissing)
  const { email, user } = of({ ...full, email: undefined }, { userKey: 'sub' })
  t.match([email, user], [undefined, 's-1'], 'an empty email alone refuses nobody')
  t.end()
})

t.test('an empty user refuses the sign-in, naming the claim and the setting but no value', t => {
  for (const value of [undefined, '', ' ', null, {}, ['x'], true, NaN, 'a\u0000b', 'a\nb', 'a\u0085b', 'a\uD800']) {
    t.throws(() => of({ ...full, uid: value }, { userKey: 'uid' }), { constructor: UserMissing, message: /^the claim uid has no usable value; choose another with --oauth-jwt-user \(the provider sent: sub, email, / }, JSON.stringify(value))
  }
  t.throws(() => of({ sub: 'somebody', phone: '555-0100' }), { message: /^(?!.*(somebody|555))/ })
  t.throws(() => of({ email: 'a@example.com' }), { constructor: SubjectMissing, message: /no id that names the person for good \(the provider sent: email\)/ })
  t.throws(() => of({ ...full, sub: 's\n1' }), SubjectMissing)
  t.end()
})

t.test('an address that the provider has not verified is none, unless the operator says otherwise', t => {
  for (const doubt of [false, 'false', null, 'TRUE', 0, 1, {}]) {
    t.throws(() => of({ ...full, email_verified: doubt }), { constructor: UserMissing, message: /not verified; --allow-unverified-email/ }, JSON.stringify(doubt))
    t.equal(of({ ...full, email_verified: doubt }, { userKey: 'sub' }).email, undefined)
    t.equal(of({ ...full, email_verified: doubt }, { allowUnverifiedEmail: true }).user, full.email)
  }
  for (const word of [true, 'true']) t.equal(of({ ...full, email_verified: word }).email, full.email)
  t.end()
})

t.test('texts with control or half characters count as absent, in groups too', t => {
  const { login, name, groups, email } = of({ ...full, preferred_username: 'a\tb', name: 'x\u007F', email: 'a@example.com\r\nX: y', groups: ['ok', 'a\nb', '\uDC00', ' ', 'ö,%'] }, { userKey: 'sub' })
  t.match([login, name, email], [undefined, undefined, undefined])
  t.strictSame(groups, ['ok', 'ö,%'])
  t.end()
})

t.test('groups may fill 8 KiB and not one byte more', t => {
  const fitting = [...Array.from({ length: 127 }, () => 'ü'.repeat(31) + 'x'), 'y'.repeat(64)]
  t.equal(Buffer.byteLength(fitting.join(',')), 8192, 'the test means what it says')
  t.equal(of({ ...full, groups: fitting }).groups.length, 128)
  t.throws(() => of({ ...full, groups: [...fitting, 'z'] }), { constructor: IdentityTooLarge, message: /^129 groups have 8194 bytes/ })
  t.throws(() => of({ ...full, groups: ['x'.repeat(8193)] }), IdentityTooLarge)
  t.end()
})
