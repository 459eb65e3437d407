import type { Context } from 'koa'
import { contentSecurityPolicy, document, escape } from './markup.ts'
import type { Person } from './people.ts'

/** Answers with a page of ours that no script runs on and no frame shows. */
export function sendPage (ctx: Pick<Context, 'status' | 'type' | 'body' | 'set'>, status: number, page: string): void {
  ctx.status = status
  ctx.set({ 'content-security-policy': contentSecurityPolicy(), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  ctx.type = 'html'
  ctx.body = page
}

export function choicePage (people: readonly Person[]): string {
  const buttons = people.map(({ login, about, claims }) =>
    `<li><button name="login" value="${escape(login)}"><strong>${escape(displayName(login, claims))}</strong> <span class="quiet">${escape(about)}</span></button></li>`)
  return document('Who do you want to be?', `<h1>Who do you want to be?</h1>
<p class="quiet">A real provider would ask for a password here. This one is for trying things out: pick anybody.</p>
<form method="post"><ul class="plain">
${buttons.join('\n')}
<li><button name="cancel" value="yes"><strong>Nobody</strong> <span class="quiet">cancel the sign-in</span></button></li>
</ul></form>`)
}

function displayName (login: string, { name }: Person['claims']): string {
  return typeof name === 'string' ? name : login
}

/** @param form the library's own form, with its token against forgery; buttons join it by id */
export function logoutPage (form: string): string {
  return document('Sign out', `<h1>Sign out of the demo’s provider?</h1>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes"><strong>Yes, sign me out</strong></button>
<button type="submit" form="op.logoutForm"><strong>No, stay signed in</strong></button>`)
}

export function goodbyePage (): string {
  return document('Signed out', '<h1>You are signed out of the demo’s provider</h1>')
}

export function problemPage (error: string, description = ''): string {
  return document('This did not work', `<h1>This did not work</h1>
<p>${escape(description)}</p>
<p class="quiet">The demo’s provider says <code>${escape(error)}</code>.</p>`)
}
