import t from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { createAuth0 } from '../fixtures/simulators/auth0.ts'
import { createBitbucket } from '../fixtures/simulators/bitbucket.ts'
import { createCentrify } from '../fixtures/simulators/centrify.ts'
import { createEntra } from '../fixtures/simulators/entra.ts'
import { createGitea } from '../fixtures/simulators/gitea.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { createGitLab } from '../fixtures/simulators/gitlab.ts'
import { createGoogle } from '../fixtures/simulators/google.ts'
import type { Asked } from '../fixtures/simulators/http.ts'
import { createKeycloak } from '../fixtures/simulators/keycloak.ts'
import { createOkta } from '../fixtures/simulators/okta.ts'
import { createOneLogin } from '../fixtures/simulators/onelogin.ts'
import { createStandard } from '../fixtures/simulators/standard.ts'
import { simulate, type SimulatedProvider } from './simulation.ts'

interface Row {
  readonly simulator: () => Promise<SimulatedProvider> | SimulatedProvider
  readonly settings: Settings
  /** Ways to send the secret that the provider does not take. */
  readonly wrongStyles?: readonly ('params' | 'header' | 'none')[]
  /** What the visitor of a gate with the wrong secret gets, of a code that was used before, of the wrong redirect URI, and of a wrong verifier. */
  readonly secret: string
  readonly code: string
  readonly redirect?: string
  readonly verifier?: string
  /** Where the browser is left when the redirect URI was never registered, or the scope is unknown. */
  readonly unregistered: string
  readonly scope?: string
}

const CLIENT = '502 GATE_CLIENT_REFUSED'
const GRANT = '401 GATE_GRANT_REFUSED'
const PROVIDER = '401 GATE_PROVIDER_REFUSED'
const REDIRECT = '502 GATE_REDIRECT_URI_REFUSED'

const table: Readonly<Record<string, Row>> = {
  github: { simulator: () => createGitHub(), settings: { oauthProvider: 'github' }, wrongStyles: ['header', 'none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, verifier: GRANT, unregistered: REDIRECT },
  gitlab: { simulator: () => createGitLab(), settings: { oauthProvider: 'gitlab' }, wrongStyles: ['none'], secret: CLIENT, code: GRANT, redirect: GRANT, verifier: GRANT, unregistered: '401 gitlab.com: The redirect URI included is not valid.', scope: PROVIDER },
  bitbucket: { simulator: () => createBitbucket(), settings: { oauthProvider: 'bitbucket' }, wrongStyles: ['params', 'none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, unregistered: '400 bitbucket.org: Invalid OAuth client, or redirect_uri not below its callback URL' },
  google: {
    simulator: () => createGoogle(), settings: { oauthProvider: 'google' }, wrongStyles: ['none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, verifier: GRANT, unregistered: '400 accounts.google.com: Error 400: redirect_uri_mismatch',
    scope: '400 accounts.google.com: Error 400: invalid_scope. Some requested scopes were invalid. {invalid=[offline_access]}'
  },
  azure: { simulator: () => createEntra(), settings: { oauthProvider: 'azure' }, wrongStyles: ['none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, verifier: GRANT, unregistered: '400 login.microsoftonline.com: AADSTS50011: The redirect URI does not match the redirect URIs configured for the application.' },
  okta: { simulator: () => createOkta(), settings: { oauthProvider: 'okta', oauthExtraParams: { url: 'dev-123456.okta.com' } }, wrongStyles: ['none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, verifier: GRANT, unregistered: '400 dev-123456.okta.com: unknown redirect_uri' },
  auth0: { simulator: () => createAuth0(), settings: { oauthProvider: 'auth0', oauthExtraParams: { subdomain: 'acme.eu' } }, wrongStyles: ['none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, verifier: GRANT, unregistered: '400 acme.eu.auth0.com: unknown redirect_uri' },
  onelogin: { simulator: () => createOneLogin(), settings: { oauthProvider: 'onelogin', oauthExtraParams: { subdomain: 'acme' } }, wrongStyles: ['header', 'none'], secret: CLIENT, code: GRANT, redirect: GRANT, verifier: GRANT, unregistered: '400 acme.onelogin.com: unknown redirect_uri' },
  centrify: { simulator: () => createCentrify(), settings: { oauthProvider: 'centrify', oauthExtraParams: { url: 'acme.my.centrify.com', application: 'grafana' } }, wrongStyles: ['none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, unregistered: '400 acme.my.centrify.com: unknown redirect_uri' },
  gitea: { simulator: () => createGitea(), settings: { oauthProvider: 'gitea' }, wrongStyles: ['none'], secret: CLIENT, code: CLIENT, redirect: CLIENT, verifier: CLIENT, unregistered: '400 gitea.com: unknown redirect_uri' },
  keycloak: {
    simulator: () => createKeycloak(), settings: { oauthProvider: 'keycloak', oauthExtraParams: { url: 'sso.example.com', realm: 'acme' } }, wrongStyles: ['none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, verifier: GRANT,
    unregistered: '400 sso.example.com: unknown redirect_uri', scope: PROVIDER
  },
  oidc: { simulator: () => createStandard(), settings: { oauthProvider: 'oidc', oauthIssuer: 'https://sso.example.com' }, wrongStyles: ['params', 'none'], secret: CLIENT, code: GRANT, redirect: REDIRECT, verifier: GRANT, unregistered: '400 sso.example.com: unknown redirect_uri' }
}

const inForm = (asked: Asked, name: string, value?: string): Asked => {
  const form = new URLSearchParams(asked.form)
  if (value === undefined) form.delete(name)
  else form.set(name, value)
  return { ...asked, form }
}

for (const [name, row] of Object.entries(table)) {
  t.test(`${name} refuses a wrong secret, however it is sent, and its right secret where it takes none`, async t => {
    for (const settings of [{ oauthSecret: 'wrong' }, { oauthSecret: 'wrong', authStyle: 'header' }, { oauthSecret: 'wrong', authStyle: 'params' }, ...row.wrongStyles?.map(authStyle => ({ authStyle })) ?? []] as const) {
      const { world, signIn } = await simulate(t, await row.simulator(), { ...row.settings, ...settings })
      t.equal(await signIn('ada'), row.secret, JSON.stringify(settings))
      t.notOk(world.asked.some(({ headers }) => headers.authorization?.startsWith('Bearer ')), 'nothing is read')
    }
  })

  t.test(`${name} refuses a code twice, from another address, and without what proves that it is ours`, async t => {
    const simulator = await row.simulator()
    const { world, signIn } = await simulate(t, simulator, row.settings)
    const { token } = simulator.server
    const at = Object.entries(simulator.routes).flatMap(([place, route]) => route === token ? [place] : [])
    const meddle = (change: (asked: Asked) => Promise<Asked> | Asked) => { for (const place of at) world.replace(place, async asked => await token(await change(asked))) }
    meddle(async asked => {
      await token(asked)
      return asked
    })
    t.equal(await signIn('ada'), row.code, 'used before')
    meddle(asked => inForm(asked, 'code', 'never-issued'))
    t.equal(await signIn('ada'), row.code, 'never issued')
    meddle(asked => inForm(asked, 'redirect_uri', 'https://elsewhere.example'))
    t.equal(await signIn('ada'), row.redirect, 'another redirect URI')
    for (const [verifier, label] of [[undefined, 'no verifier'], ['x'.repeat(64), 'another verifier']] as const) {
      meddle(asked => inForm(asked, 'code_verifier', verifier))
      if (row.verifier === undefined) t.type(await signIn('ada'), 'object', `${label}: it knows no PKCE`)
      else t.equal(await signIn('ada'), row.verifier, label)
    }
    world.replace(at[0] ?? '', token)
    t.type(await signIn('ada'), 'object', 'and what is right is taken')
  })

  t.test(`${name} leaves the browser where it documents, for a redirect URI that nobody registered and a scope it does not know`, async t => {
    const simulator = await row.simulator()
    const { origin, signIn } = await simulate(t, simulator, { ...row.settings, oauthRedirectUri: 'http://127.0.0.1:1/elsewhere' })
    simulator.server.redirectUris.unshift(`${origin}/oauth2/callback`) // where GitHub tells of it
    t.equal(await signIn('ada'), row.unregistered)
    if (row.scope === undefined) return
    const scoped = await simulate(t, await row.simulator(), { ...row.settings, oauthScope: 'openid email profile offline_access' })
    if (name === 'keycloak') t.type(await scoped.signIn('ada'), 'object', 'which it knows')
    else t.equal(await scoped.signIn('ada'), row.scope)
  })
}

t.test('GitHub, which tells of a wrong redirect URI at the registered one, is not asked again without end', async t => {
  const simulator = await createGitHub()
  const { origin, signIn } = await simulate(t, simulator, { oauthProvider: 'github', oauthRedirectUri: 'http://127.0.0.1:1/elsewhere' })
  simulator.server.redirectUris.unshift(`${origin}/some/page`)
  t.equal(await signIn('ada'), REDIRECT, 'one page, and not twenty redirects')
})
