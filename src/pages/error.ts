import type { ErrorKind } from '../errors.ts'
import { html } from './html.ts'
import { page } from './layout.ts'

export interface ErrorPage {
  readonly kind: ErrorKind
  readonly reason?: string | undefined
  readonly requestId: string
  /** Links that help: to sign in, to use another account. */
  readonly actions: readonly { readonly label: string, readonly url: string, readonly newTab?: boolean }[]
  /** Seconds until the page tries again by itself. */
  readonly refresh?: number | undefined
}

/** What happened, what the visitor can do, and the two words that let the operator find it in the log. */
export function errorPage ({ kind, reason, requestId, actions, refresh }: ErrorPage): string {
  return page(kind.title, html`
${reason !== undefined && html`<p>${sentence(reason)}</p>`}
<p>${kind.advice}</p>
${actions.length > 0 && html`<p class="actions">${actions.map(({ label, url, newTab }, index) =>
  html`<a${index === 0 && html` class="key"`} href="${url}"${newTab === true && html` target="_blank" rel="opener"`}>${label}</a>`)}</p>`}
<p class="small">${kind.code} · request ${requestId}</p>`, refresh)
}

function sentence (words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.')
}
