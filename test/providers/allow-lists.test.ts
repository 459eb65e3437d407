import t from 'tap'
import { createBitbucket } from '../fixtures/simulators/bitbucket.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { simulate } from './simulation.ts'

const DENIED = '403 GATE_ACCESS_DENIED'

t.test('teams and organizations of GitHub are asked for where a list speaks of them, and judged by their names there', async t => {
  const scopes = async (settings: Parameters<typeof simulate>[2]) => {
    const { signIn, authorizeRequests, world } = await simulate(t, createGitHub(), { oauthProvider: 'github', ...settings })
    const outcome = await signIn('ada')
    t.strictSame(world.strangers, [])
    return [typeof outcome === 'string' ? outcome : 'in', new URL(authorizeRequests.at(-1) ?? '').searchParams.get('scope')]
  }
  const asked = 'read:user user:email read:org'
  t.strictSame(await scopes({ allowedOrganizations: ['engines'] }), ['in', asked])
  t.strictSame(await scopes({ teamIds: ['engines:core'] }), ['in', asked])
  t.strictSame(await scopes({ allowedOrganizations: ['Engines', 'core'] }), [DENIED, asked])
  t.strictSame(await scopes({ teamIds: ['engines', 'core'] }), [DENIED, asked])
  t.strictSame(await scopes({ allowedDomains: ['example.com'] }), ['in', 'read:user user:email'], 'and otherwise they are not')
})

t.test('workspaces of Bitbucket are organizations', async t => {
  for (const [settings, enters] of [[{ allowedOrganizations: ['engines'] }, true], [{ allowedOrganizations: ['other'] }, false], [{ teamIds: ['engines'] }, false]] as const) {
    const { signIn } = await simulate(t, createBitbucket(), { oauthProvider: 'bitbucket', ...settings })
    const outcome = await signIn('ada')
    if (enters) t.type(outcome, 'object')
    else t.equal(outcome, DENIED)
  }
})
