import t from 'tap'
import { clientOptions } from '../../src/active-provider.ts'
import { startBlock } from '../../src/cli/start-block.ts'
import { outside } from '../../src/outside.ts'
import * as made from '../fixtures/certificates.ts'
import { blamed, load, problems } from './setup.ts'

const folder = t.testdir({ ...made, empty: 'no certificate' })
const at = (name: string) => `${folder}/${name}`

t.test('certificate and key of the client are both there or neither, and belong together', async t => {
  const pair = { 'tls-client-cert': at('client'), 'tls-client-key': at('clientKey') }
  t.match(load({ ...pair, 'tls-client-ca': at('authority') }).config.providers[0], { tlsClientCert: made.client, tlsClientKey: made.clientKey, tlsClientCa: made.authority, tlsSkipVerifyInsecure: false })
  for (const [flags, setting, message] of [
    [{ 'tls-client-cert': at('client') }, 'tls-client-key', /without --tls-client-key/], [{ 'tls-client-key': at('clientKey') }, 'tls-client-cert', /without --tls-client-cert/],
    [{ ...pair, 'tls-client-key': at('serverKey') }, 'tls-client-key', /not the key of the first certificate/], [{ ...pair, 'tls-client-key': at('lockedKey') }, 'tls-client-key', /has a passphrase/],
    [{ ...pair, 'tls-client-key': at('missing') }, 'tls-client-key', /does not exist/], [{ ...pair, 'tls-client-cert': at('clientKey') }, 'tls-client-cert', /without a certificate/],
    [{ 'tls-client-ca': at('empty') }, 'tls-client-ca', /without a certificate/], [{ 'tls-client-ca': '' }, 'tls-client-ca', /is empty/]
  ] as const) {
    const found = problems(() => load(flags))
    t.match(found, [{ setting, message }], JSON.stringify(flags))
    t.equal(found.length, 1)
    t.notMatch(JSON.stringify(found), /PRIVATE KEY-|MIG|MII/, 'and no key is printed')
  }
})

t.test('a provider that is believed whatever it shows is said so, by a name that can be searched for', async t => {
  const block = (flags: Record<string, string>) => startBlock({ ...load(flags), version: '0', listening: 'http://127.0.0.1:1' })
  t.match(block({ 'tls-skip-verify-insecure': 'yes' }), /Warning +LOWERS_PROVIDER_TLS: --tls-skip-verify-insecure is set: no certificate of .* is checked, so whoever/)
  t.notMatch(block({}), /insecure/)
  t.match(load({ 'tls-skip-verify-insecure': 'yes', 'tls-client-ca': at('authority') }).notices, ['--tls-client-ca means nothing with --tls-skip-verify-insecure: any certificate is accepted'])
})

t.test('no scope is asked for, or those of --oauth-scope, and not both', async t => {
  const scopesOf = (flags: Record<string, string>) => {
    const { config } = load(flags)
    return clientOptions(config.providers[0], config, outside).scopes
  }
  t.strictSame(scopesOf({ 'empty-scopes': 'yes', 'allowed-groups': 'a' }), [])
  t.strictSame(scopesOf({ 'oauth-scope': 'openid' }), ['openid'])
  t.ok(scopesOf({ 'empty-scopes': 'no' }).includes('openid'))
  t.match(problems(() => load({ 'empty-scopes': 'yes', 'oauth-scope': 'openid' })), [{ setting: 'empty-scopes', message: '--empty-scopes asks for no scope, and --oauth-scope for openid.' }])
  t.strictSame(blamed(() => load({ 'empty-scopes': 'perhaps' })), ['empty-scopes'])
})
