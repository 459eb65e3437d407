import { html } from './html.ts'
import { layout, policyFor, type LeadsTo, type Page, type Site } from './layout.ts'

export interface SignedIn {
  readonly user: string
  readonly name?: string | undefined
  readonly provider: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly expiresAt: number
  readonly signOutUrl: string
  readonly switchUrl: string
  readonly homeUrl: string
  /** Where the sign-out goes on to. */
  readonly leadsTo?: LeadsTo
}

/** Who this browser is to us, since when and until when. */
export function drawSignedIn (site: Site, person: SignedIn): Page {
  return { ...policyFor(person.leadsTo), ...layout(site, { sign: 'person', title: 'You are signed in', content: html`<dl>
<dt>As</dt><dd>${person.name === undefined || person.name === person.user ? person.user : `${person.name} (${person.user})`}</dd>
<dt>By</dt><dd>${person.provider}</dd>
<dt>Since</dt><dd>${time(person.startedAt)}</dd>
<dt>Until</dt><dd>${time(person.expiresAt)}</dd>
</dl>
<div class="actions">
<a class="key" href="${person.homeUrl}">Go to ${site.title ?? 'the site'}</a>
<a class="other" href="${person.switchUrl}">Use another account</a>
<form method="post" action="${person.signOutUrl}"><button class="other" type="submit">Sign out</button></form>
</div>` }) }
}

export interface SignedOut {
  /** Begins a sign-in. */
  readonly startUrl: string
  /** As people know it; absent where it was the gate itself. */
  readonly provider: string | undefined
  /** Signs out there too. */
  readonly providerUrl?: string | undefined
  /** Whether the browser comes back from there. Whether the person signed out, only the provider knows. */
  readonly isBack?: boolean
}

export function drawSignedOut (site: Site, { startUrl, provider, providerUrl, isBack = false }: SignedOut): Page {
  const there = isBack ? html` ${provider} has sent you back here.` : html` You may still be signed in at ${provider}.`
  return layout(site, { sign: 'good', title: 'You are signed out', content: html`<p>Your session on ${site.title ?? 'this site'} has ended.${provider !== undefined && there}</p>
<div class="actions"><a class="key" href="${startUrl}">Sign in again</a>${providerUrl !== undefined && html`
<a class="other" href="${providerUrl}">Sign out at ${provider ?? 'the sign-in service'} too</a>`}</div>` })
}

/** Asked before a sign-out that came from another site. */
export function drawSignOutQuestion (site: Site, { signOutUrl, homeUrl, leadsTo }: Pick<SignedIn, 'signOutUrl' | 'homeUrl' | 'leadsTo'>): Page {
  return { ...policyFor(leadsTo), ...layout(site, { sign: 'leave', title: 'Sign out?', content: html`<p>A link on another site leads here. You stay signed in unless you say otherwise.</p>
<div class="actions">
<form method="post" action="${signOutUrl}"><button class="key" type="submit">Sign out</button></form>
<a class="other" href="${homeUrl}">Stay signed in</a>
</div>` }) }
}

function time (at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
