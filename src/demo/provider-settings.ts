import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type * as Library from 'oidc-provider'
import type { AdapterFactory, Configuration, JWK, KoaContextWithOIDC } from 'oidc-provider'
import type { Outside } from '../outside.ts'
import type { Person } from './people.ts'
import { goodbyePage, logoutPage, problemPage, sendPage } from './provider-pages.ts'

export interface SettingsOptions {
  readonly people: readonly Person[]
  readonly adapter: AdapterFactory
  /** Whether somebody who signed in once is let through without being asked, as most providers do. */
  readonly remembers: boolean
  readonly outside: Outside
  /** In seconds. */
  readonly accessTokenLife?: number | undefined
  readonly refreshTokens?: boolean | undefined
  readonly rotates?: boolean | undefined
  readonly signingKey?: JWK | undefined
}

const hour = 3600
const day = 24 * hour
/** In seconds. Each is named because the library tells the console about every one that is not. */
const ttl = { AccessToken: hour, AuthorizationCode: 60, IdToken: hour, RefreshToken: day, Interaction: hour, Session: day, Grant: day }

/** What the embedded provider promises its clients; keys are made anew at every start unless one is given. */
export async function providerSettings (library: typeof Library, { people, adapter, remembers, outside, accessTokenLife, refreshTokens, rotates = true, signingKey }: SettingsOptions): Promise<Configuration> {
  return {
    adapter,
    ttl: { ...ttl, ...accessTokenLife !== undefined && { AccessToken: accessTokenLife } },
    ...refreshTokens === true && { issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'), rotateRefreshToken: rotates },
    jwks: { keys: [signingKey ?? await makeSigningKey()] },
    cookies: { keys: [outside.random(32).toString('base64url')] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    scopes: ['openid', 'offline_access'],
    claims: claimsByScope(people),
    // Claims belong into the id_token too: many providers do so, and it is the first place a gate looks.
    conformIdTokenClaims: false,
    findAccount: (_ctx, sub) => {
      const claims = people.find(person => person.claims.sub === sub)?.claims
      return claims && { accountId: claims.sub, claims: () => claims }
    },
    loadExistingGrant: consent,
    clientBasedCORS: () => false,
    // Its own way refuses to tell anybody on this machine of a sign-out, and here everybody is.
    fetch: async (url, options) => await globalThis.fetch(url, Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => name !== 'dispatcher'))),
    interactions: { policy: policy(library, remembers), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError: (ctx, out) => { sendPage(ctx, ctx.status, problemPage(out.error, out.error_description)) },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => { sendPage(ctx, 200, logoutPage(form)) },
        postLogoutSuccessSource: ctx => { sendPage(ctx, 200, goodbyePage()) }
      }
    }
  }
}

/** RS256. It takes a tenth of a second or two. */
export async function makeSigningKey (): Promise<JWK> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' } as JWK
}

/** `groups` comes with `profile` as well: a gate that was told nothing special asks for `openid email profile`. */
function claimsByScope (people: readonly Person[]): Record<string, string[]> {
  const openid = ['sub']
  const email = ['email', 'email_verified']
  const names = new Set(['name', 'preferred_username', 'groups', ...people.flatMap(person => Object.keys(person.claims))])
  return { openid, email, groups: ['groups'], profile: [...names].filter(name => ![...openid, ...email].includes(name)) }
}

/** Consent is given without a page: whoever started this is both sides. */
async function consent ({ oidc }: KoaContextWithOIDC) {
  const { client, session, provider } = oidc
  if (!client || !session?.accountId) return undefined
  const known = session.grantIdFor(client.clientId)
  const grant = known === undefined ? undefined : await provider.Grant.find(known)
  const given = grant ?? new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
  given.addOIDCScope([...oidc.requestParamScopes].join(' '))
  given.addOIDCClaims([...oidc.requestParamClaims])
  await given.save()
  return given
}

function policy ({ interactionPolicy: { Check, Prompt, base } }: typeof Library, remembers: boolean) {
  const prompts = base()
  prompts.add(new Prompt({ name: 'select_account', requestable: true }), 0) // OpenID Connect Core §3.1.2.1
  if (!remembers) {
    prompts.get('login')?.checks.add(new Check('asks_every_time', 'the person is asked every time', ({ oidc }) =>
      !oidc.result?.['login'] && !oidc.prompts.has('none')))
  }
  return prompts
}
