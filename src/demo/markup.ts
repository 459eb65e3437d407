import { createHash } from 'node:crypto'
import { Html, html } from '../pages/html.ts'

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fbfaf7; --card: #fff; --line: #d9d5cb; --link: #0b5cad; --quiet: #586273 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --paper: #14181f; --card: #1d232d; --line: #3a4352; --link: #8ec2ff; --quiet: #a5afbd } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
a { color: var(--link) } .quiet { color: var(--quiet) }
ul.plain { list-style: none; margin: 0; padding: 0 } nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem }
nav a { display: inline-block; padding: .35rem 0 }
button { display: block; width: 100%; margin: 0 0 .6rem; padding: .7rem 1rem; text-align: start; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--quiet); border-radius: .6rem; cursor: pointer }
button:hover { border-color: var(--link) } button strong, button span { display: block }
a:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
dl { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .25rem 1rem }
dl div { display: grid; grid-template-columns: minmax(0, 15rem) minmax(0, 1fr); gap: 0 1rem; padding: .4rem 0 }
dl div + div { border-top: 1px solid var(--line) } dt { color: var(--quiet) } dd { margin: 0 } dt, dd { overflow-wrap: anywhere }
@media (max-width: 34rem) { dl div { grid-template-columns: minmax(0, 1fr) } }
`

/** How a Content-Security-Policy names an inline style or script (CSP level 3). */
export function sourceHash (source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`
}

/** A whole page, in light or dark. @param head what a page has beside the style */
export function document (title: string, content: Html, head?: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(style)}</style>
${head}</head>
<body><main>
${content}
</main></body>
</html>
`.markup
}

/**
 * The Content-Security-Policy of such a page. It says nothing about `form-action`: Chromium applies that to every
 * redirect that follows a form, and where a sign-in ends only the gate and the app behind it know.
 *
 * @param scripts sources allowed to run; none by default
 */
export function contentSecurityPolicy (scripts = '\'none\''): string {
  return `default-src 'none'; style-src ${sourceHash(style)}; img-src data:; script-src ${scripts}; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'`
}
