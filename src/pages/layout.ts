import { createHash } from 'node:crypto'
import { Html, html } from './html.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5a6475; --paper: #ffffff; --ground: #f1f3f7; --line: #c9cfda; --key: #1f5fbf; --on-key: #ffffff; --bad: #a3201d }
@media (prefers-color-scheme: dark) { :root { --ink: #eceff5; --soft: #a9b3c4; --paper: #1b212c; --ground: #11151c; --line: #414b5c; --key: #8bb8ff; --on-key: #0d1420; --bad: #ff9d97 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 27rem; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.25 }
p, dl, form { margin: 0 0 1rem }
main > :last-child { margin-bottom: 0 }
label { display: block; margin-bottom: .25rem; font-weight: 600 }
input { width: 100%; padding: .6rem .75rem; margin-bottom: 1rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--soft); border-radius: .4rem }
.key { display: inline-block; padding: .6rem 1.1rem; font: inherit; font-weight: 600; color: var(--on-key); background: var(--key); border: 0; border-radius: .4rem; text-decoration: none; cursor: pointer }
.actions { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: center }
a { color: var(--key) }
:focus-visible { outline: 3px solid var(--key); outline-offset: 2px }
.bad { color: var(--bad); font-weight: 600 }
.small { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem } dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
`

const policy = [
  'default-src \'none\'', `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src \'self\' data:', 'form-action \'self\'', 'base-uri \'none\''
].join('; ')

/**
 * The policy of our own pages: no script, no frame, no image but ours (CSP level 3).
 * `form-action` is 'self' alone: the one place our forms lead is this gate.
 */
export const CONTENT_SECURITY_POLICY = `${policy}; frame-ancestors 'none'`

/** For the one page that is there to be seen in a frame: it holds a link that leaves it, and nothing to click by mistake. */
export const FRAMED_CONTENT_SECURITY_POLICY = policy

/** A whole page. @param refresh seconds after which the page loads itself again */
export function page (title: string, content: Html, refresh?: number): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">${refresh !== undefined && html`
<meta http-equiv="refresh" content="${refresh}">`}
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.markup
}
