import { createHash } from 'node:crypto'
import { html, Html } from './html.ts'
import { icon, type Sign } from './icons.ts'
import { STYLE } from './style.ts'

/** What is the same on every page of one site. */
export interface Site {
  /** The site's name. */
  readonly title?: string | undefined
  /** Where its logo is. */
  readonly logo?: string | undefined
}

/** A document to be sent, and what it may do in a browser where that is not what our own pages may. */
export interface Page {
  readonly markup: string
  /** A Content-Security-Policy. */
  readonly policy?: string
}

/** The other origins that a form of ours goes on to by redirects, if there are any. */
export type LeadsTo = readonly (string | undefined)[]

export interface Content {
  readonly sign: Sign
  /** One sentence; its full stop is not shown. */
  readonly title: string
  readonly content: Html
  /** What stands below the card: whom to ask. */
  readonly help?: Html | undefined
  /** The form was not taken. Said first where a screen reader begins. */
  readonly hasProblem?: boolean
}

const common = ['img-src \'self\' data:', 'form-action \'self\'', 'base-uri \'none\''].join('; ')
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ${common}`

/**
 * The policy of our own pages: no script, no frame, no image but ours (CSP level 3).
 * `form-action` is 'self' alone: the one place our forms lead is this gate.
 */
export const CONTENT_SECURITY_POLICY = `${policy}; frame-ancestors 'none'`

/** For a page with a form that a redirect takes on to another origin: browsers hold `form-action` against redirects too. */
export function policyFor (leadsTo: LeadsTo = [], usual = CONTENT_SECURITY_POLICY): Pick<Page, 'policy'> {
  const origins = leadsTo.filter(origin => origin !== undefined)
  return origins.length === 0 ? {} : { policy: usual.replace('form-action \'self\'', ['form-action \'self\'', ...origins].join(' ')) }
}

/** For the one page that is there to be seen in a frame: it holds a link that leaves it, and nothing to click by mistake. */
export const FRAMED_CONTENT_SECURITY_POLICY = policy

/** For an operator's template: its own styles, and pictures and fonts of the site. Still no script, no frame and no other host. */
export const TEMPLATE_CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; ${common}; frame-ancestors 'none'`

export function layout (site: Site, { sign, title, content, help, hasProblem = false }: Content): Page {
  const heading = title.replace(/\.$/, '')
  const named = [hasProblem ? `Problem: ${heading}` : heading, site.title].filter(part => part !== undefined).join(' · ')
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${site.logo ?? 'data:,'}">
<title>${named}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${banner(site)}<main>
${icon(sign)}
<h1>${heading}</h1>
${content}
</main>${help !== undefined && html`
<footer class="help">${help}</footer>`}
</body>
</html>
`
  return { markup }
}

function banner ({ title, logo }: Site): Html | false {
  if (title === undefined && logo === undefined) return false
  return html`<header class="site">${logo !== undefined && html`<img src="${logo}" alt="${title === undefined ? 'Logo' : ''}">`}${title !== undefined && html`<span>${title}</span>`}</header>
`
}
