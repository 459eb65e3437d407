import { describeOptions, initialOf } from './describe.ts'
import { fileKeys, flagNames, gateNames, panelNames, specOf, type Name } from './names.ts'
import { options, type OptionName } from './options.ts'
import { rangeOf, valueSchema, writtenShapes, type Schema } from './shapes.ts'

const head = `# Settings

<!-- Made by \`npm run docs\` from src/config/options.ts: a change here is lost. -->

Each setting can be a flag, an environment variable, a key of a YAML or JSON file that \`--config\` names, or, from code, a member of \`settings\` in
camel case (\`oauthKey\`). Where a line below leaves a cell empty, the setting cannot be written there. [options.schema.json](options.schema.json) lets an
editor check the file: begin it with \`# yaml-language-server: $schema=…/options.schema.json\`. It knows
one spelling of each word, in lower case; the gate takes any.

## What beats what

flag, then code, then \`OAUTH_GATE_*\`, then \`PANEL_*\`, then \`BOKEH_*\`, then Grafana’s \`GF_*\` with \`--grafana-env\`, then the file, then the default. What was overridden is said at start. But:

- a \`PANEL_*\` or \`BOKEH_*\` variable that differs from a flag, from code or from \`OAUTH_GATE_*\` stops the start, and so do two names of one setting that differ in one place;
- what \`--oauth-extra-params\` says of \`AUTHORIZE_URL\`, \`TOKEN_URL\`, \`USER_URL\`, \`USER_KEY\` and \`scope\` beats the environment, and must not differ from a flag, code or the file;
- an empty value is an error, because a variable that was meant to fill it may be unset. An empty \`PANEL_*\` or \`BOKEH_*\` variable is not set, as in Panel;
- a name that nobody knows is an error, with the nearest known one: a flag, a key, and what begins with \`OAUTH_GATE_\`, \`PANEL_OAUTH_\` or \`PANEL_COOKIE_\`. Panel and Bokeh have many more variables, which are the app's, and passed over.

## How values are written

- **Secrets** are never printed. Each can be read from a file, without the line break at its end: \`-file\` after the flag, \`_FILE\` after the variable (not after
  \`BOKEH_*\`), \`_file\` after the key: \`--oauth-secret-file=/run/secrets/oauth\`.
- **Lists** are separated by commas; where no item can hold a space, also by spaces. JSON (\`["a,b", "c"]\`) and lists in the file hold items with commas. A flag may be given several times.
- **One of a few words** (\`a|b|c\`) is taken in any case.
`

/** \`docs/options.md\`. */
export function optionsPage (): string {
  const values = writtenShapes().map(([shape, written]) => `- \`${shape}\`: ${written}`)
  const tables = describeOptions().map(({ title, lines }) => `## ${title.replace(/:$/, '')}

| flag | environment | file | what it is | default | secret |
|---|---|---|---|---|---|
${lines.map(({ option, term }) => row(option, term)).join('\n')}
`)
  return `${head}${values.join('\n')}\n\n${tables.join('\n')}`
}

function row (option: OptionName, term: string): string {
  const { doc, required, secret } = specOf(option)
  const range = rangeOf(option)
  const [, ...otherFlags] = namesIn(flagNames, option).map(flag => `--${flag}`)
  const initial = initialOf(option)
  return `| ${[
    code(term.startsWith('--') ? [term, ...otherFlags] : []),
    code([...namesIn(gateNames, option), ...namesIn(panelNames, option)]),
    code(namesIn(fileKeys, option)),
    escaped(range === undefined ? doc : `${doc} From ${range[0]} to ${range[1]}.`),
    required === true ? 'must be set' : code(initial === '' ? [] : [initial]),
    secret === true ? 'yes' : ''
  ].join(' | ')} |`
}

function namesIn (names: ReadonlyMap<string, Name>, option: OptionName): string[] {
  return [...names].filter(([, name]) => name.option === option && !name.inFile).map(([name]) => name)
}

function code (words: readonly string[]): string {
  return words.map(word => `\`${escaped(word)}\``).join('<br>')
}

function escaped (words: string): string {
  return words.replaceAll('|', '\\|')
}

/** What the configuration file may hold. Nothing is required: all of it may also come from flags and the environment. */
export function optionsSchema (): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The configuration file of oauth-gate',
    description: 'Made by npm run docs from src/config/options.ts. What is not set here may be set by a flag or in the environment.',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries([...fileKeys].map(([key, name]) => [key, property(key, name)]))
  }
}

function property (key: string, { option, inFile }: Name): Schema {
  const { doc, default: initial, secret } = specOf(option)
  const [first = ''] = namesIn(fileKeys, option)
  if (inFile) return { type: 'string', minLength: 1, description: `The name of a file that holds ${key.replace(/_file$/, '')}, and nothing else but a line break at its end.` }
  const shown = initialOf(option)
  return {
    description: key === first ? doc : `${doc} Another name of ${first}.`,
    ...valueSchema(option),
    ...shown !== '' && { default: options[option].shape.startsWith('time') ? shown : initial },
    ...secret === true && { writeOnly: true }
  }
}
