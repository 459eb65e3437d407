/** The look of our own pages: the system's fonts, light and dark, from 320 pixels up, at any zoom, with forced colours too. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #18202e; --soft: #566073; --paper: #fff; --ground: #f2f4f8; --glow: #e3eaf8; --line: #d8dde7; --edge: #768196; --key: #2455c3; --key-over: #1b4299; --on-key: #fff; --tint: #e8eefb; --bad: #b3201c; --bad-tint: #fcebea; --good: #17693b; --good-tint: #e4f4ea; --wait: #8a4b06; --wait-tint: #fdf1df }
@media (prefers-color-scheme: dark) { :root { --ink: #e9edf5; --soft: #a9b3c5; --paper: #181e28; --ground: #0e1218; --glow: #16203a; --line: #2b3443; --edge: #75819a; --key: #8ab1ff; --key-over: #aac7ff; --on-key: #0a1428; --tint: #202d49; --bad: #ff9a94; --bad-tint: #401f22; --good: #7fd8a1; --good-tint: #17352a; --wait: #f5bf73; --wait-tint: #3a2c17 } }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; align-items: center; padding: 1.5rem 1rem; color: var(--ink); background: radial-gradient(60rem 30rem at 50% -8rem, var(--glow), transparent) no-repeat var(--ground); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
.site, main, .help { width: 100%; max-width: 28rem }
.site { display: flex; align-items: center; gap: .75rem; margin: auto 0 0; padding: 0 .25rem 1.25rem; font-weight: 650; font-size: 1.0625rem; overflow-wrap: anywhere }
.site img { max-height: 2.75rem; max-width: 11rem; flex: none }
main { padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: 1rem; box-shadow: 0 1px 2px rgb(16 24 40 / .05), 0 12px 32px -12px rgb(16 24 40 / .16) }
main:first-child { margin-top: auto } main:last-child, .help { margin-bottom: auto }
.help { padding: 1.25rem .25rem 0; color: var(--soft); font-size: .9375rem }
.sign { display: grid; place-items: center; width: 3rem; height: 3rem; margin-bottom: 1.25rem; border-radius: .875rem; color: var(--key); background: var(--tint) }
.sign svg { width: 1.5rem; height: 1.5rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round }
.sign.bad { color: var(--bad); background: var(--bad-tint) } .sign.good { color: var(--good); background: var(--good-tint) } .sign.wait { color: var(--wait); background: var(--wait-tint) }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.012em; font-weight: 680; text-wrap: balance; overflow-wrap: anywhere }
p, dl, form { margin: 0 0 1rem; overflow-wrap: anywhere }
main > :last-child, form > :last-child, .actions > * { margin-bottom: 0 }
.soft { color: var(--soft) }
label { display: block; margin-bottom: .375rem; font-weight: 600 }
input { display: block; width: 100%; min-height: 2.875rem; padding: .5rem .875rem; margin-bottom: 1.125rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--edge); border-radius: .625rem }
input[aria-invalid] { border-color: var(--bad); border-width: 2px }
.key, .other { display: flex; align-items: center; justify-content: center; width: 100%; min-height: 2.875rem; padding: .5rem 1.125rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none; border: 1px solid transparent; border-radius: .625rem; cursor: pointer; overflow-wrap: anywhere }
.key { color: var(--on-key); background: var(--key) } .key:hover { background: var(--key-over) }
.other { color: var(--ink); background: transparent; border-color: var(--edge) } .other:hover { border-color: var(--key); color: var(--key) }
.key svg, .other svg { flex: none; width: 1.25rem; height: 1.25rem; margin-right: .625rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round }
.actions { display: grid; gap: .75rem; margin: 1.5rem 0 }
a { color: var(--key); text-underline-offset: .15em }
:focus-visible { outline: 3px solid var(--key); outline-offset: 3px }
.problem { display: flex; gap: .625rem; padding: .75rem .875rem; color: var(--bad); background: var(--bad-tint); border: 1px solid; border-radius: .625rem; font-weight: 600 }
form:has(label) { margin-top: 1.25rem }
.facts span { display: inline-block }
.facts { padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .5rem 1.25rem } dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
@media (max-width: 26rem) { main { padding: 1.5rem 1.25rem } dl { grid-template-columns: minmax(0, 1fr); gap: 0 } dd { margin-bottom: .625rem } }
@media (prefers-reduced-motion: no-preference) { .key, .other { transition: background-color .15s, border-color .15s, color .15s } }
@media (forced-colors: active) { .sign { border: 1px solid } .key { border-color: ButtonText } }
`
