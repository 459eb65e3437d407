import { providers } from '../../../providers/index.ts'
import type { Provider } from '../../provider.ts'
import { guideOf, summaryOf, type ParameterRow } from './guide.ts'

/** `docs/providers/*.md` by their path, as `npm run docs` writes them. */
export function providerPages (): ReadonlyMap<string, string> {
  return new Map([
    ['docs/providers/README.md', indexPage()],
    ...providers.map((provider): [string, string] => [`docs/providers/${provider.name}.md`, providerPage(provider)])
  ])
}

function indexPage (): string {
  const rows = providers.map(provider => `| [\`${provider.name}\`](${provider.name}.md) | ${(provider.aliases ?? []).map(alias => `\`${alias}\``).join(', ')} | ${cell(provider.label)} | ${cell(summaryOf(provider))} |`)
  return `# Who can sign people in

<!-- Made by \`npm run docs\` from providers/*.ts: a change here is lost. -->

\`--oauth-provider=NAME\` takes one of these names, in any case. \`oauth-gate providers NAME\` prints its page in the terminal. Any other server that speaks OpenID Connect
is \`oidc\`, and one that has OAuth 2.0 alone is \`generic\`. What is not OAuth at all, or needs more than settings, is [a plugin](../plugins.md).

| name | also | on the button | who that is |
|---|---|---|---|
${rows.join('\n')}
`
}

function providerPage (provider: Provider): string {
  const { title, summary, register, needs, parameters, scopes, people, traps, command } = guideOf(provider)
  const setting = needs.length === 0 ? '' : `## What must be set\n\nBeside key and secret:\n\n${bullets(needs)}\n`
  return `# ${title}

<!-- Made by \`npm run docs\` from providers/${provider.name}.ts: a change here is lost. -->

${escaped(summary)}

<!-- test: by test/cli/providers.test.ts: guideOf(provider).command -->
\`\`\`sh
${command}
\`\`\`

\`oauth-gate oauth-secret\` prints a value for \`COOKIE_SECRET\`; keep it. Add \`--public-url\` once people come by a name; to try it on this machine, leave it out and open http://localhost:4180.

## What to register

${bullets(register)}
${setting}${parameters.length === 0 ? '' : `## Parameters\n\nThey are written together: \`--oauth-extra-params="{'${parameters[0]?.name ?? ''}': '${parameters[0]?.example ?? ''}'}"\`.\n\n${table(parameters)}\n`}## Scopes and people

${bullets([`Asked for: ${scopes}`, ...people])}
${traps.length === 0 ? '' : `## What people trip over\n\n${bullets(traps)}`}`
}

function table (parameters: readonly ParameterRow[]): string {
  return `| name | what it is | like | without it |\n|---|---|---|---|\n${parameters.map(({ name, doc, example, initial }) => `| \`${name}\` | ${cell(doc)} | \`${example}\` | ${initial === '' ? '' : `\`${initial}\``} |\n`).join('')}`
}

function bullets (lines: readonly string[]): string {
  return lines.map(line => `- ${escaped(line)}\n`).join('')
}

function escaped (words: string): string {
  return words.replace(/[\\`*<[\]_]/g, '\\$&')
}

function cell (words: string): string {
  return escaped(words).replaceAll('|', '\\|')
}
