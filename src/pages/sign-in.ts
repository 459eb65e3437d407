import { buttonIcon } from './button-icons.ts'
import { sentence } from './error.ts'
import { html } from './html.ts'
import { layout, policyFor, type LeadsTo, type Page, type Site } from './layout.ts'

/** One way to sign in: what is on the button, and where it leads. */
export interface Choice {
  readonly label: string
  readonly url: string
  /** The picture before the label, by its name in Grafana. */
  readonly icon?: string | undefined
}

/** A page with a link for each provider: where a sign-in cannot begin by itself, or should not. The first is the likeliest. @param ended why somebody who was signed in is not any more */
export function drawSignIn (site: Site, choices: readonly Choice[], ended?: string): Page {
  return layout(site, { sign: 'enter', title: 'Sign in', content: html`<p>${ended === undefined ? `${site.title ?? 'This site'} asks you to sign in first.` : sentence(ended)}</p>
<div class="actions">${choices.map(({ label, url, icon }, index) => html`<a class="${index === 0 ? 'key' : 'other'}" href="${url}">${icon !== undefined && buttonIcon(icon)}Sign in with ${label}</a>`)}</div>` })
}

export interface PasswordForm {
  readonly action: string
  /** Binds the form to this browser. */
  readonly state: string
  readonly username: string
  /** Why the form is shown again. */
  readonly problem?: string
  /** Why somebody who was signed in has to sign in again, as a reason. */
  readonly ended?: string | undefined
  /** Where the sign-in goes on to. */
  readonly leadsTo?: LeadsTo
}

/** The password grant's form (RFC 6749 §4.3). After a failure the focus is where it is read why, and what to type anew. */
export function drawPasswordForm (site: Site, { action, state, username, problem, ended, leadsTo }: PasswordForm): Page {
  const failed = problem !== undefined
  const faulty = failed && html` aria-invalid="true" aria-describedby="problem"`
  const focus = (here: boolean) => here && html` autofocus`
  return { ...policyFor(leadsTo), ...layout(site, { sign: 'enter', title: 'Sign in', hasProblem: failed, content: html`${failed && html`<p class="problem" role="alert" id="problem">${problem}</p>
`}${!failed && ended !== undefined && html`<p>${sentence(ended)}</p>
`}<form method="post" action="${action}">
<input type="hidden" name="state" value="${state}">
<label for="username">User name</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required${faulty}${focus(!failed)}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${faulty}${focus(failed)}>
<button class="key" type="submit">Sign in</button>
</form>` }) }
}
