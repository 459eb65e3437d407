// npm run docs: writes the pages that say what the sources say, from the compiled sources. Needs npm run types.
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)

/**
 * The generated pages by their path in the repository.
 *
 * @param {URL} built the folder that has the compiled `src/`
 */
export async function generate (built) {
  const [{ optionsPage, optionsSchema }, { providerPages }, errors] = await Promise.all(['src/config/document.js', 'src/config/providers/pages.js', 'src/errors.js'].map(path => import(new URL(path, built).href)))
  return new Map([
    ['docs/options.md', optionsPage()],
    ['docs/options.schema.json', `${JSON.stringify(optionsSchema(), null, 2)}\n`],
    ['docs/troubleshooting.md', troubleshooting(kindsIn(errors))],
    ...providerPages()
  ])
}

const head = `# What went wrong

<!-- Made by \`npm run docs\` from src/errors.ts: a change here is lost. -->

Whatever the gate refuses ends in a page, or in JSON for a script, with a code and a request id: \`GATE_UPSTREAM_UNREACHABLE · request 1f3a9c20-4k\`. They are also in
the headers \`x-oauth-gate\` and \`x-request-id\`. An answer without \`x-oauth-gate\` is the app's own.

## From the request id to the cause

The gate writes its log to standard output, one JSON object a line unless that is a terminal (\`--log-format\`). Take the id the visitor read to you, and look for it:

\`\`\`sh
grep '"reqId":"1f3a9c20-4k"' gate.log
\`\`\`

The line with \`"event":"request.refused"\` has the \`code\`, in \`detail\` what happened this time (the address, the claim, the provider's own words), and in \`hint\` the cause and
fix that stand below. \`login.denied\` before it says who was refused; \`login.refused\` is a wrong password in the gate's own form. \`request.finished\` has path, status and duration. No line
holds a token, a cookie, a secret or the query of a request.

A Panel app that answers 500 or knows nobody behind the gate has [a table of its own](panel.md#if-it-does-not-work): \`cryptography.fernet.InvalidToken\` and \`UnicodeDecodeError: 'utf-8' codec can't decode byte 0x80\` in the app's log are there.

\`GATE_LOGIN_REQUIRED\` is what everybody meets who comes without a session, so it is written with \`--log-level=debug\` only.

## From what the visitor saw to the code

`

function kindsIn (errors) {
  const kinds = Object.values(errors).map(({ kind }) => kind).filter(kind => kind !== undefined)
  return kinds.sort((one, other) => one.code < other.code ? -1 : 1)
}

function troubleshooting (kinds) {
  const rows = kinds.toSorted((one, other) => one.title < other.title ? -1 : 1).map(({ code, title }) => `| ${cell(title)} | [${code}](#${code.toLowerCase()}) |`)
  const entries = kinds.map(({ code, status, title, advice, hint }) => `### ${code}

- **Status:** ${status}
- **The visitor saw:** “${text(title)}” and “${text(advice)}”
- **Cause and fix:** ${text(hint)}
`)
  return `${head}| the page says | code |\n|---|---|\n${rows.join('\n')}\n\n## The codes\n\n${entries.join('\n')}`
}

function text (words) {
  return words.replace(/[\\`*<[\]]/g, '\\$&')
}

function cell (words) {
  return text(words).replaceAll('|', '\\|')
}

// With a folder after it, from what was compiled there instead of build/.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [,, folder = 'build'] = process.argv
  mkdirSync(new URL('docs/providers/', root), { recursive: true })
  for (const [path, content] of await generate(new URL(`${folder}/`, root))) writeFileSync(new URL(path, root), content)
}
