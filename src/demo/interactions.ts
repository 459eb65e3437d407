import type { IncomingMessage } from 'node:http'
import type { Context, Middleware } from 'koa'
import type Provider from 'oidc-provider'
import type { Person } from './people.ts'
import { choicePage, problemPage, sendPage } from './provider-pages.ts'

/** A form of ours holds one short field. */
const formLimit = 4096

/** The one page between the authorization request and the code: who do you want to be? */
export function interactions (provider: Provider, people: readonly Person[]): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined)
    if (!interaction) return sendPage(ctx, 400, problemPage('invalid_request', 'This sign-in ended, or never began in this browser. Go back to the app and start again.'))
    if (interaction.prompt.name === 'consent') return proceed(provider, ctx, { consent: { grantId: interaction.grantId } })
    if (ctx.method !== 'POST') return sendPage(ctx, 200, choicePage(people))
    const form = await readForm(ctx.req)
    if (form.has('cancel')) return proceed(provider, ctx, { error: 'access_denied', error_description: 'the person cancelled' })
    const person = people.find(({ login }) => login === form.get('login'))
    if (!person) return sendPage(ctx, 400, problemPage('invalid_request', 'There is nobody of that name here.'))
    return proceed(provider, ctx, { login: { accountId: person.claims.sub }, select_account: {} })
  }
}

async function proceed (provider: Provider, ctx: Context, result: Parameters<Provider['interactionResult']>[2]): Promise<void> {
  const location = await provider.interactionResult(ctx.req, ctx.res, result)
  ctx.redirect(location)
  ctx.status = 303 // RFC 9110 §15.4.4: what follows is a GET, whatever this was
}

async function readForm (request: IncomingMessage): Promise<URLSearchParams> {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > formLimit) break
  }
  return new URLSearchParams(body.slice(0, formLimit))
}
