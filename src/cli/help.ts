import { providers } from '../../providers/index.ts'
import { describeOptions, type OptionHelp } from '../config/describe.ts'
import { optionNames } from '../config/names.ts'

interface Topic {
  /** What it does, in one line. */
  readonly summary: string
  readonly examples: readonly string[]
  /** Flags that are no settings. */
  readonly flags?: readonly (readonly [term: string, text: string])[]
}

const topics = {
  serve: {
    summary: 'Run the gate: people sign in at the provider, then reach the app.',
    examples: [
      'oauth-gate serve --upstream=http://localhost:5006 --allowed-domains=example.com --cookie-secret=SECRET \\',
      '  --oauth-provider=oidc --oauth-issuer=https://id.example.com --oauth-key=ID --oauth-secret=SECRET',
      'oauth-gate serve --config=gate.yaml'
    ]
  },
  check: {
    summary: 'Say what is wrong with the settings of serve, or what they come to.',
    examples: ['oauth-gate check --config=gate.yaml', 'oauth-gate check --live --config=gate.yaml'],
    flags: [['--live', 'Ask provider, app and Redis; the provider gets one token request that must fail.']]
  },
  explain: {
    summary: 'Say why somebody is let in or not: claims, identity, rules, headers, step by step.',
    examples: [
      'oauth-gate explain --config=gate.yaml --claims=claims.json --path=/admin',
      'oauth-gate explain --claims=claims.json --role-attribute-path="contains(groups, \'admins\') && \'Admin\'"'
    ],
    flags: [
      ['--claims <file>', 'What the id_token says, as JSON, or the token itself; - is standard input.'],
      ['--userinfo <file>', 'What the userinfo endpoint answered.'],
      ['--access-token <file>', 'The access token, where it is a JWT.'],
      ['--document <name=file>', 'Another answer of the provider: emails, teams, organizations, or one that its file reads.'],
      ['--provider <id>', 'Which of several providers said it.'],
      ['--path <path>', 'What is asked for. [/]'],
      ['--method <method>', 'How. [GET]'],
      ['--host <host>', 'At which of the gate’s hosts.'],
      ['--json', 'Print it as JSON.']
    ]
  },
  healthcheck: {
    summary: 'Exit with 0 if a gate with these settings answers, else with 1.',
    examples: ['oauth-gate healthcheck --port=4180', 'oauth-gate healthcheck --unix-socket=/run/oauth-gate.sock']
  }
} as const satisfies Readonly<Record<string, Topic>>

export type TopicName = keyof typeof topics

/** Columns for names: the few that are longer push their text to the right. */
const WIDEST = 28
const ALL = ['--help-all', 'Print all settings, group by group.'] as const
const THIS = ['-h, --help', 'Print this help.'] as const

/** The flags of a command that are no settings, as `--help` has them. */
export function ownFlags (name: TopicName): readonly string[] {
  const { flags = [] }: Topic = topics[name]
  return flags.map(([term]) => term)
}

export function summaryOf (name: TopicName): string {
  return topics[name].summary
}

/** What fits on a screen: examples, and the settings that most people need. */
export function shortHelp (name: TopicName): string {
  return render(topics[name], line => line.common, line => line.brief, `All ${optionNames.length} settings:  oauth-gate ${name} --help-all`)
}

/** Every setting, each with its other names. */
export function fullHelp (name: TopicName): string {
  return render(topics[name], () => true, line => line.text, 'With their environment names, file keys and grammars:  docs/options.md')
}

function render (topic: Topic, chosen: (line: OptionHelp) => boolean, textOf: (line: OptionHelp) => string, last: string): string {
  const { summary, examples, flags = [] } = topic
  const groups = describeOptions().map(({ title, lines }) => ({ title, lines: lines.filter(chosen) })).filter(({ lines }) => lines.length > 0)
  const rows = [...groups.map(({ title, lines }) => [title, lines.map(line => [nameOf(line), textOf(line)] as const)] as const), ['Help:', [...flags, THIS, ALL]] as const]
  const width = Math.min(WIDEST, Math.max(...rows.flatMap(([, lines]) => lines.map(([term]) => term.length))))
  return `${summary}

${examples.map(example => `  ${example}\n`).join('')}
${rows.map(([title, lines]) => `${title}\n${lines.map(([term, text]) => `  ${term.padEnd(width)}  ${text}\n`).join('')}`).join('\n')}
${providerLines()}
Each setting is also read from the environment (OAUTH_GATE_OAUTH_KEY, and Panel’s PANEL_OAUTH_KEY) and
from the file that --config names (oauth_key). Secrets are also read from files: --oauth-secret-file.
${last}
`
}

function nameOf ({ term }: OptionHelp): string {
  return term.startsWith('--') ? term : `${term}:   (file only)`
}

/** Two lines of names; `oauth-gate providers` says more of each. */
function providerLines (): string {
  const names = providers.map(({ name }) => name)
  const half = Math.ceil(names.length / 2)
  return `Providers:  ${names.slice(0, half).join(', ')},\n            ${names.slice(half).join(', ')}: see oauth-gate providers`
}
