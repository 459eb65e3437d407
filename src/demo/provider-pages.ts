import type { Context } from 'koa'
import { Html, html } from '../pages/html.ts'
import { contentSecurityPolicy, document } from './markup.ts'
import type { Person } from './people.ts'

/** Answers with a page of ours that no script runs on and no frame shows. */
export function sendPage (ctx: Pick<Context, 'status' | 'type' | 'body' | 'set'>, status: number, page: string): void {
  ctx.status = status
  ctx.set({ 'content-security-policy': contentSecurityPolicy(), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  ctx.type = 'html'
  ctx.body = page
}

export function choicePage (people: readonly Person[]): string {
  return document('Who do you want to be?', html`<h1>Who do you want to be?</h1>
<p class="quiet">A real provider would ask for a password here. This one is for trying things out: pick anybody.</p>
<form method="post"><ul class="plain">
${people.map(({ login, about, claims }) => html`<li><button name="login" value="${login}">
<strong>${claims['name'] || login}</strong> <span class="quiet">${about}</span></button></li>
`)}<li><button name="cancel" value="yes"><strong>Nobody</strong> <span class="quiet">cancel the sign-in</span></button></li>
</ul></form>`)
}

/** @param form the library's own form, with its token against forgery; buttons join it by id */
export function logoutPage (form: string): string {
  return document('Sign out', html`<h1>Sign out of the demo’s provider?</h1>
${new Html(form)}
<button type="submit" form="op.logoutForm" name="logout" value="yes"><strong>Yes, sign me out</strong></button>
<button type="submit" form="op.logoutForm"><strong>No, stay signed in</strong></button>`)
}

export function goodbyePage (): string {
  return document('Signed out', html`<h1>You are signed out of the demo’s provider</h1>`)
}

export function problemPage (error: string, description = ''): string {
  return document('This did not work', html`<h1>This did not work</h1>
<p>${description}</p>
<p class="quiet">The demo’s provider says <code>${error}</code>.</p>`)
}
