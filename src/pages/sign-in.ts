import { html } from './html.ts'
import { page } from './layout.ts'

/** A page with one link: where a sign-in cannot begin by itself, or should not. */
export function signInPage (label: string, startUrl: string): string {
  return page('Sign in', html`
<p>This site asks you to sign in first.</p>
<p><a class="key" href="${startUrl}">Sign in with ${label}</a></p>`)
}

export interface PasswordForm {
  readonly action: string
  readonly state: string
  readonly username: string
  /** Why the form is shown again. */
  readonly problem?: string
}

/** The password grant's form (RFC 6749 §4.3). The state binds it to this browser. */
export function passwordPage ({ action, state, username, problem }: PasswordForm): string {
  return page('Sign in', html`
${problem !== undefined && html`<p class="bad" role="alert" id="problem">${problem}</p>`}
<form method="post" action="${action}">
<input type="hidden" name="state" value="${state}">
<label for="username">User name</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${problem !== undefined && html` aria-describedby="problem"`}>
<button class="key" type="submit">Sign in</button>
</form>`)
}
