import { html } from './html.ts'
import { page } from './layout.ts'

export interface SignedIn {
  readonly user: string
  readonly name?: string | undefined
  readonly provider: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly expiresAt: number
  readonly signOutUrl: string
  readonly switchUrl: string
}

/** Who this browser is to us, since when and until when. */
export function signedInPage (person: SignedIn): string {
  return page('You are signed in', html`
<dl>
<dt>As</dt><dd>${person.name === undefined || person.name === person.user ? person.user : `${person.name} (${person.user})`}</dd>
<dt>By</dt><dd>${person.provider}</dd>
<dt>Since</dt><dd>${time(person.startedAt)}</dd>
<dt>Until</dt><dd>${time(person.expiresAt)}</dd>
</dl>
<div class="actions">
<form method="post" action="${person.signOutUrl}"><button class="key" type="submit">Sign out</button></form>
<a href="${person.switchUrl}">Use another account</a>
<a href="/">Go to the site</a>
</div>`)
}

export function signedOutPage (startUrl: string, provider: string): string {
  return page('You are signed out', html`
<p>Your session on this site has ended. You may still be signed in at ${provider}.</p>
<p><a class="key" href="${startUrl}">Sign in again</a></p>`)
}

/** Asked before a sign-out that came from another site. */
export function confirmSignOutPage (signOutUrl: string): string {
  return page('Sign out?', html`
<form method="post" action="${signOutUrl}"><button class="key" type="submit">Sign out</button></form>
<p><a href="/">Stay signed in</a></p>`)
}

function time (at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
