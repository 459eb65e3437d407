import { Html, html } from '../pages/html.ts'
import { contentSecurityPolicy, document, sourceHash } from './markup.ts'
import { decoded } from './who.ts'
import type { Who } from './who.ts'

/** The sample app's pages, and what each says of itself. Who may see them is the gate's business, so there is no check here. */
export const places: Readonly<Record<string, { readonly title: string, readonly lead: string }>> = {
  '/': { title: 'The sample app', lead: 'It has no login of its own: what it knows about you, the gate in front of it said.' },
  '/admin': { title: 'The admin page', lead: 'Only members of the group admins get here: the gate’s rules say so, not this app.' },
  '/editors': { title: 'The editors’ page', lead: 'Only members of the groups admins or editors get here.' },
  '/public': { title: 'The public page', lead: 'Anybody gets here, signed in or not.' },
  '/reports/2026': { title: 'A deep link', lead: 'The address survived the sign-in, query and all.' }
}

/** Opens the websocket and the event stream and writes what they say into the page. */
const script = `
const show = (id, text) => { document.getElementById(id).textContent = text }
const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/ws')
socket.onopen = () => socket.send('hello over a websocket')
socket.onmessage = ({ data }) => show('socket', data)
socket.onerror = () => show('socket', 'was refused')
const stream = new EventSource('/events')
stream.onmessage = ({ data }) => show('stream', data)
stream.onerror = () => show('stream', 'was refused or ended')
`

export const appPolicy = contentSecurityPolicy(sourceHash(script))

export interface Visit {
  /** A key of `places`. */
  readonly path: string
  /** As it came, with the query. */
  readonly target: string
  readonly who: Who
  /** Name, value, name, value: as they arrived. */
  readonly rawHeaders: readonly string[]
}

export function appPage ({ path, target, who, rawHeaders }: Visit): string {
  const { title, lead } = places[path] ?? { title: path, lead: '' }
  return document(title, html`<h1>${title}</h1>
<p>${lead}</p>
<nav aria-label="Pages"><ul class="plain">
<li><a href="/">Front page</a></li><li><a href="/public">Public</a></li><li><a href="/editors">Editors</a></li><li><a href="/admin">Admin</a></li>
<li><a href="/reports/2026?region=north&amp;unit=%C3%A9t%C3%A9">Deep link</a></li><li><a href="/headers.json">Headers as JSON</a></li>
<li><a href="/oauth2/sign_out">Sign out</a></li>
</ul></nav>
<h2>Who you are, as the app was told</h2>
${whoAmI(who)}
<h2>Live</h2>
<dl>
${row('Websocket', html`<output id="socket">needs script</output>`)}${row('Event stream', html`<span id="stream">needs script</span>`)}${row('Address', target)}</dl>
<h2>Every header the app received</h2>
<dl>
${pairs(rawHeaders).map(([name, value]) => row(name, readable(name, value)))}</dl>
<script>${new Html(script)}</script>`)
}

export function missingPage (): string {
  return document('Not here', html`<h1>The app has nothing at this address</h1>
<p><a href="/">Back to the front page</a></p>`)
}

function whoAmI ({ user, name, email, groups }: Who): Html {
  if (user === undefined) return html`<p id="who">Nobody in particular: you are not signed in, or this page asks nobody to.</p>`
  return html`<dl id="who">
${row('User', user)}${row('Name', name ?? '–')}${row('Email', email ?? '–')}${row('Groups', groups.length > 0 ? groups.join(' · ') : 'none')}</dl>`
}

function row (name: string, value: string | Html): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>
`
}

/** The value as it came, and what it means where that differs. */
function readable (name: string, value: string): string {
  const meaning = /^x-forwarded-/i.test(name) ? decoded(value) : value
  return meaning === value ? value : `${value} (${meaning})`
}

function pairs (rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, index) => index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as [string, string]] : [])
}
