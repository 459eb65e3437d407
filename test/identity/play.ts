import { randomBytes } from 'node:crypto'
import { UnsecuredJWT } from 'jose'
import { clientOptions, identifierOf } from '../../src/active-provider.ts'
import { Claims } from '../../src/claims.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config, ProviderConfig } from '../../src/config/options.ts'
import { GateError } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { Said } from '../../src/identity/sources.ts'
import { Trace } from '../../src/identity/trace.ts'
import { createOAuthClient } from '../../src/oauth/client.ts'
import { listDocuments, mergeClaims } from '../../src/oauth/merge-claims.ts'
import { answerAt, settingsOf, sourcesOf } from './cases/answers.ts'
import type { IdentityCase } from './cases/case.ts'

const ORIGIN = 'https://provider.example'
const outside = { now: () => 0, random: randomBytes }

export interface Outcome {
  readonly identity?: Identity
  /** Of a sign-in that was refused. */
  readonly code?: string
  /** Paths of the provider that were read beside the userinfo, pages of a list by the first. */
  readonly asked: readonly string[]
  readonly trace: Trace
}

const configs = new Map<string, Config>()

/** The configuration of a case; `origin` is where its provider is. */
export function configOf (played: IdentityCase, origin = ORIGIN): Config {
  const settings = settingsOf(played, origin)
  const key = JSON.stringify(settings)
  const config = configs.get(key) ?? loadConfig({ env: {}, settings: { upstream: ['http://127.0.0.1:9'], cookieSecret: 'the-cookie-secret-of-the-tests-0123456789', ...settings } }).config
  configs.set(key, config)
  return config
}

/** What a client of the provider makes of the three sources: no request, and nothing verified. */
export function saidBy (played: IdentityCase): Said {
  const { idToken, userinfo, accessToken } = sourcesOf(played)
  const trusted = [...idToken === undefined ? [] : [{ name: 'id_token', claims: new Claims(idToken) }], { name: 'userinfo', claims: new Claims(userinfo) }]
  const documents = listDocuments(trusted, accessToken === undefined ? 'opaque' : new UnsecuredJWT(accessToken as never).encode())
  return { sources: { claims: mergeClaims(documents) }, documents }
}

/** Who somebody is by the functions alone; a list that is wanted is read by the client's own reader from the answers of the case. */
export async function play (played: IdentityCase): Promise<Outcome> {
  const config = configOf(played)
  const settings = config.providers[0] as ProviderConfig
  const identifier = identifierOf(settings, config)
  const asked: string[] = []
  const client = createOAuthClient({
    ...clientOptions(settings, config, outside),
    fetch: url => {
      const { pathname, search } = new URL(url)
      asked.push(pathname.replace(/\/\d+$/, '') + search)
      const { status, headers, body } = answerAt(pathname, played, ORIGIN)
      return Promise.resolve(new Response(body, { status, headers }))
    }
  })
  const trace = new Trace()
  try {
    const said = saidBy(played)
    const read = Object.entries(identifier.wants(said)).map(async ([name, resource]) => [name, await client.readMore(resource, { accessToken: 'opaque' })] as const)
    const more = Object.fromEntries(await Promise.all(read))
    return { identity: identifier.identify({ ...said, more }, trace), asked: [...new Set(asked)].sort(), trace }
  } catch (error) {
    if (error instanceof GateError) return { code: error.code, asked: [...new Set(asked)].sort(), trace }
    throw error
  }
}
