import type { ErrorKind } from '../errors.ts'
import { html, type Html } from './html.ts'
import type { Sign } from './icons.ts'
import { layout, type Page, type Site } from './layout.ts'

/** Whom a visitor can ask: an address for mail, or a page. */
export type Support = { readonly email: string } | { readonly url: string }

export interface Action {
  readonly label: string
  readonly url: string
  readonly newTab?: boolean
}

export interface ErrorPage {
  readonly kind: ErrorKind
  readonly reason?: string | undefined
  readonly requestId: string
  /** Where it happened; decides which of the operator's templates is shown. */
  readonly scene: 'denied' | 'sign-in' | 'elsewhere'
  /** Links that help: to sign in, to use another account. */
  readonly actions: readonly Action[]
  readonly sign?: Sign
}

/** What happened, what the visitor can do, and the two words that let the operator find it in the log. */
export function drawError (site: Site, support: Support | undefined, page: ErrorPage): Page {
  const { kind, reason, requestId, actions, sign = signOf(page) } = page
  return layout(site, { sign, title: kind.title, help: support && help(support, page), content: html`${reason !== undefined && html`<p>${sentence(reason)}</p>
`}<p class="soft">${kind.advice}</p>
${actions.length > 0 && html`<div class="actions">${actions.map(({ label, url, newTab }, index) =>
  html`<a class="${index === 0 ? 'key' : 'other'}" href="${url}"${newTab === true && html` target="_blank" rel="opener"`}>${label}</a>`)}</div>
`}<p class="facts"><span>${kind.code}</span> · <span>request ${requestId}</span></p>` })
}

/** The mail's subject holds what the operator looks for in the log (RFC 6068 §2). */
export function supportUrl (support: Support, { kind, requestId }: Pick<ErrorPage, 'kind' | 'requestId'>): string {
  return 'url' in support ? support.url : `mailto:${encodeURIComponent(support.email).replace('%40', '@')}?subject=${encodeURIComponent(`${kind.code}, request ${requestId}`)}`
}

export function sentence (words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.')
}

function help (support: Support, page: ErrorPage): Html {
  const url = supportUrl(support, page)
  return 'email' in support
    ? html`Need help? Write to <a href="${url}">${support.email}</a>. The request id is in the subject.`
    : html`Need help? <a href="${url}">Ask for support</a>, and name the request id above.`
}

function signOf ({ kind: { status }, scene }: ErrorPage): Sign {
  if (scene === 'denied') return 'closed'
  return status === 401 ? 'enter' : 'bad'
}

/** Where somebody ends who asked the page of an application that is down to be still. */
export function drawPause (site: Site, url: string): Page {
  return layout(site, { sign: 'wait', title: 'The application was not answering', content: html`<p class="soft">Nothing happens here by itself. Try again whenever you like.</p>
<div class="actions"><a class="key" href="${url}">Try again</a></div>` })
}
