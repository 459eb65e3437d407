import { EMAILS, Pages, type IdentityCase } from './case.ts'

const mail = { emailAttributePath: 'mail' }
const believing = { ...mail, allowUnverifiedEmail: true }
const asked = [EMAILS]
const main = { email: 'l@x.io', primary: true, verified: true }
const other = { email: 'o@x.io', primary: false, verified: true }

/** Reference 2.3, steps 5 and 6: the list of addresses below the user URL, where no source has one. */
export const emails: readonly IdentityCase[] = [
  { what: 'emails: the primary one of a list', settings: mail, emails: [other, main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: of a list in “values”, by is_primary', settings: mail, emails: { values: [{ email: 'o@x.io', is_primary: false, is_confirmed: true }, { email: 'l@x.io', is_primary: true, is_confirmed: true }] }, asked, expected: { email: 'l@x.io' } },
  { what: 'emails: by either word in either form', settings: mail, emails: [{ email: 'l@x.io', is_primary: true }], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: in words', settings: mail, emails: [{ email: 'l@x.io', primary: 'true', verified: 'true' }], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: the first of two primary ones', settings: mail, emails: [main, { ...main, email: 'm@x.io' }], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: no word on verification is the provider’s word', settings: mail, emails: [{ email: 'l@x.io', primary: true }], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: none is primary', settings: mail, emails: [other], asked, expected: { email: undefined } },
  { what: 'emails: a lone one is not thereby primary', settings: mail, emails: [{ email: 'l@x.io', verified: true }], asked, expected: { email: undefined } },
  { what: 'emails: 1 is not true', settings: mail, emails: [{ email: 'l@x.io', primary: 1, verified: true }], asked, expected: { email: undefined } },
  { what: 'emails: an empty list', settings: mail, emails: [], asked, expected: { email: undefined } },
  { what: 'emails: an object without “values”', settings: mail, emails: { items: [main] }, asked, expected: { email: undefined } },
  { what: 'emails: “values” that is no list', settings: mail, emails: { values: main }, asked, expected: { email: undefined } },
  { what: 'emails: records that are none', settings: mail, emails: ['l@x.io', null, 7, [main], main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: a primary one without an address, and no other in its place', settings: mail, emails: [{ primary: true }, { ...other, primary: 'no' }], asked, expected: { email: undefined } },
  { what: 'emails: a primary one that is a number', settings: mail, emails: [{ email: 7, primary: true }], asked, expected: { email: undefined } },
  { what: 'emails: a primary one that breaks a line', settings: mail, emails: [{ email: 'l@x.io\nX', primary: true }], asked, expected: { email: undefined } },
  { what: 'emails: a text is no list', settings: mail, emails: 'l@x.io', asked, expected: { email: undefined } },
  { what: 'emails: null', settings: mail, emails: null, asked, expected: { email: undefined } },
  // verified
  { what: 'emails: a primary one that is not verified', settings: mail, emails: [{ ...main, verified: false }], asked, expected: { email: undefined } },
  { what: 'emails: and no other in its place', settings: mail, emails: [{ ...main, verified: false }, other], asked, expected: { email: undefined } },
  { what: 'emails: a primary one that is not confirmed', settings: mail, emails: { values: [{ email: 'l@x.io', is_primary: true, is_confirmed: false }] }, asked, expected: { email: undefined } },
  { what: 'emails: one doubt of two is enough', settings: mail, emails: [{ ...main, is_confirmed: false }], asked, expected: { email: undefined } },
  { what: 'emails: a doubt by another name', settings: mail, emails: [{ email: 'l@x.io', primary: true, email_verified: false }], asked, expected: { email: undefined } },
  { what: 'emails: a doubt that calls it confirmed', settings: mail, emails: [{ email: 'l@x.io', primary: true, confirmed: false }], asked, expected: { email: undefined } },
  { what: 'emails: null is a doubt', settings: mail, emails: [{ ...main, verified: null }], asked, expected: { email: undefined } },
  { what: 'emails: a doubt that the operator overrules', settings: believing, emails: [{ ...main, verified: false }], asked, expected: { email: 'l@x.io' } },
  // pages
  { what: 'emails: the primary one is on the second page, by Link', settings: mail, emails: new Pages('link', [other], [main]), asked, expected: { email: 'l@x.io' } },
  { what: 'emails: the primary one is on the second page, by next', settings: mail, emails: new Pages('next', { values: [other] }, { values: [main] }), asked, expected: { email: 'l@x.io' } },
  { what: 'emails: a page on another server', settings: mail, emails: new Pages('stranger', [main], [other]), asked, expected: 'GATE_PROVIDER_ANSWER_INVALID' },
  // refused and broken
  { what: 'emails: not there', settings: mail, emails: 404, asked, expected: { email: undefined } },
  { what: 'emails: not for us', settings: mail, emails: 403, asked, expected: { email: undefined } },
  { what: 'emails: broken', settings: mail, emails: 500, asked, expected: 'GATE_PROVIDER_ANSWER_INVALID' },
  { what: 'emails: nothing found refuses whoever is called by the address', settings: { ...mail, oauthJwtUser: 'email' }, emails: [], asked, expected: 'GATE_USER_MISSING' },
  { what: 'emails: what is found is what they are called', settings: { ...mail, oauthJwtUser: 'email' }, emails: [main], asked, expected: { user: 'l@x.io', email: 'l@x.io' } },
  // when it is asked
  { what: 'emails: not asked without a setting of the address', emails: [main], asked: [], expected: { email: undefined } },
  { what: 'emails: not asked where a source has an address', settings: mail, userinfo: { email: 'ida@x.io' }, emails: [main], asked: [], expected: { email: 'ida@x.io' } },
  { what: 'emails: not asked where the provider doubts', settings: mail, userinfo: { email: 'ida@x.io', email_verified: false }, emails: [main], asked: [], expected: { email: undefined } },
  { what: 'emails: asked where the doubt is overruled and there is no address', settings: believing, userinfo: { email_verified: false }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: asked where the field is blank', settings: mail, userinfo: { email: ' ' }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: asked where the field is a number', settings: mail, userinfo: { email: 5 }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: asked where the field breaks a line', settings: mail, userinfo: { email: 'a\nb@x.io' }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: asked where an empty attribute ended the search', settings: mail, userinfo: { attributes: { 'email:primary': [''] }, upn: 'u@x.io' }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: asked for the name of an attribute alone', settings: { emailAttributeName: 'work' }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: below a user URL with a slash at its end', settings: { ...mail, oauthUserUrl: '{origin}/api/user/' }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: below a user URL with a query, which stays behind', settings: { ...mail, oauthUserUrl: '{origin}/api/user?fields=all&v=2' }, emails: [main], asked, expected: { email: 'l@x.io' } },
  { what: 'emails: below a user URL with a percent sign', settings: { ...mail, oauthUserUrl: '{origin}/api/user?v=100%25' }, emails: [main], asked, expected: { email: 'l@x.io' } }
]
