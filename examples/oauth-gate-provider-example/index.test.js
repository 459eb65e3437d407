import assert from 'node:assert/strict'
import test from 'node:test'
import { checkProvider } from 'oauth-gate'
import provider from './index.js'

const ada = { sub: '7', email: 'ada@example.com', email_verified: true, preferred_username: 'ada', name: 'Ada Lovelace', groups: ['staff'] }
const ben = { sub: '8', email: 'ben@example.com', email_verified: false, preferred_username: 'ben' }

test('it is what the gate takes, and holds against whatever a provider may say', () => {
  const findings = checkProvider(provider, {
    parameters: { url: 'https://id.example.com' },
    people: [{ claims: ada, user: ada }, { claims: ben, user: ben }]
  })
  assert.deepEqual(findings, [])
})
