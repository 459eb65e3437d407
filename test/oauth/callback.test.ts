import t from 'tap'
import { IssuerMismatch, LoginCancelled, MalformedRequest, ProviderRefused, RedirectUriRefused } from '../../src/errors.ts'
import { readCallback } from '../../src/oauth/callback.ts'
import { startHostile, startPlain } from './setup.ts'

const issuer = 'https://provider.example'

function read (query: string, promisesIss = false): string {
  return readCallback(new URLSearchParams(query), { issuer, promisesIss })
}

function thrown (query: string): unknown {
  try {
    return read(query)
  } catch (error) {
    return error
  }
}

t.test('one code, whatever else is there, is the code', async t => {
  t.equal(read('code=c1&state=s&session_state=x'), 'c1')
  t.equal(read(`code=c1&state=s&iss=${issuer}`, true), 'c1')
})

t.test('a callback with no code, an empty one or two is refused', async t => {
  for (const query of ['state=s', 'code=&state=s', 'code=a&code=b', 'code=a&code=a', 'code=a&iss=x&iss=y', 'error=a&error=b']) {
    t.throws(() => read(query), MalformedRequest, query)
  }
})

t.test('iss of somebody else, or none where it is promised, stops before anything is sent', async t => {
  for (const [query, promised] of [[`code=c&iss=${issuer}/`, false], ['code=c&iss=', false], ['code=c', true], ['error=access_denied', true]] as const) {
    t.throws(() => read(query, promised), IssuerMismatch, query)
  }
  const { hostile, client } = await startHostile(t)
  hostile.discovery = { authorization_response_iss_parameter_supported: true }
  await t.rejects(client.readCallback(new URLSearchParams('code=c')), IssuerMismatch)
  await t.rejects(client.readCallback(new URLSearchParams('code=c&iss=https://attacker.example')), IssuerMismatch)
  t.equal(await client.readCallback(new URLSearchParams({ code: 'c', iss: hostile.issuer })), 'c')
  t.strictSame(hostile.at('/token'), [], 'the code went nowhere')
})

t.test('where each tenant has an issuer of its own, iss may be any of them, and nobody else', t => {
  const read = (iss: string) => readCallback(new URLSearchParams({ code: 'c', iss }), { issuer: 'https://login.example/{tid}/v2.0', promisesIss: false })
  t.equal(read('https://login.example/11111111-1111-4111-8111-111111111111/v2.0'), 'c')
  for (const tenant of ['', 'common', '../x', '11111111-1111-4111-8111-111111111111/x', '{tid}']) t.throws(() => read(`https://login.example/${tenant}/v2.0`), IssuerMismatch, tenant)
  for (const iss of ['https://login.example', 'https://evil.example/11111111-1111-4111-8111-111111111111/v2.0', 'https://login.example//v2.0']) t.throws(() => read(iss), IssuerMismatch, iss)
  t.end()
})

t.test('an error is the provider\'s refusal; its description is for the visitor and the log', async t => {
  t.match(thrown('error=access_denied&error_description=You+%3Cb%3Ecancelled%3C/b%3E'), { constructor: LoginCancelled, message: 'the provider answered access_denied (You <b>cancelled</b>)', reason: 'You <b>cancelled</b>' })
  t.match(thrown('error=access_denied&code=c'), { constructor: LoginCancelled, reason: undefined }, 'an error beats a code')
  t.match(thrown('error=new%0Aline&error_description=x'), { constructor: ProviderRefused, message: 'the provider answered an error code that breaks RFC 6749 (x)' })
  t.match(thrown('error=redirect_uri_mismatch'), { constructor: RedirectUriRefused })
  t.match(thrown('error='), { constructor: ProviderRefused })
})

t.test('a description is cut to 300 characters and has no control characters', async t => {
  const { reason = '' } = thrown(`error=e&error_description=${encodeURIComponent('a\r\nb\u0000c\u202Ed\u2028' + '😀'.repeat(400))}`) as ProviderRefused
  t.equal(reason, 'abcd' + '😀'.repeat(296))
  t.notMatch(reason, /\p{Cc}|\p{Cs}/u)
})

t.test('a description does not repeat the state or a code, also not where it is cut', async t => {
  const state = 'a-state-of-ours'
  for (const said of [`not ${state}`, `${'x'.repeat(290)}${state}`, `a-state\u0000-of-ours and the-code`]) {
    const error = thrown(`error=e&state=${state}&code=the-code&error_description=${encodeURIComponent(said)}`) as ProviderRefused
    t.notMatch(error.message + error.reason, /a-state|the-code/)
  }
})

t.test('without an issuer there is nothing to compare iss with, and nobody is asked', async t => {
  const { hostile, client } = await startPlain(t)
  t.equal(await client.readCallback(new URLSearchParams('code=c&iss=https://x.example')), 'c')
  t.strictSame(hostile.requests, [])
})
