import { UnsecuredJWT } from 'jose'
import type { Config } from '../../src/config/options.ts'
import type { Explanation } from '../../src/explanation.ts'
import type { Explainer } from '../fixtures/explained.ts'
import { sourcesOf } from './cases/answers.ts'
import { Pages, type IdentityCase } from './cases/case.ts'

/** What `oauth-gate explain` says of a case, from files as an operator would have them. */
export function explainCase ({ file, explain }: Explainer, played: IdentityCase, config: Config): Explanation {
  const { idToken, userinfo, accessToken } = sourcesOf(played)
  const lists = { emails: played.emails, teams: played.teams, organizations: played.orgs }
  return explain(config, {
    claims: idToken && file(idToken), userinfo: file(userinfo), accessToken: accessToken && file(new UnsecuredJWT(accessToken as never).encode()), path: '/page',
    document: Object.entries(lists).flatMap(([name, body]) => pagesOf(body).map(page => `${name}=${file(JSON.stringify(page))}`))
  })
}

/** An answer that is no document is a file that nobody has. */
function pagesOf (body: unknown): readonly unknown[] {
  if (body === undefined || typeof body === 'number') return []
  return body instanceof Pages ? body.bodies : [body]
}
