import t from 'tap'
import { Problem, type ConfigProblem } from '../../src/config/config-error.ts'
import { loadConfig, type LoadOptions } from '../../src/config/load.ts'
import { fileKeys, flagNames, flagOf, gateNames, optionNames, panelNames, specOf } from '../../src/config/names.ts'
import { options, type OptionName, type Settings } from '../../src/config/options.ts'
import { file, problems } from './setup.ts'
import { fc } from '../fixtures/random.ts'

/** One place where a setting can be written, and how its problems begin. */
interface Place {
  readonly option: OptionName
  readonly inFile: boolean
  readonly from: string
  readonly with: (value: string) => LoadOptions
}

const path = file(t, 'gate.json', '{}')
const written = (key: string) => (value: string): LoadOptions => ({ env: {}, file: file(t, 'gate.json', JSON.stringify({ [key]: value })) })
const places: readonly Place[] = [
  ...[...flagNames].map(([name, at]): Place => ({ ...at, from: `--${name} `, with: value => ({ env: {}, flags: { [name]: value } }) })),
  ...[...gateNames, ...panelNames].map(([name, at]): Place => ({ ...at, from: `${name} `, with: value => ({ env: { [name]: value } }) })),
  ...[...fileKeys].map(([name, at]): Place => ({ ...at, from: `${name} in `, with: written(name) })),
  ...optionNames.map((option): Place => ({ option, inFile: false, from: `the setting ${option} `, with: value => ({ env: {}, settings: { [option]: value } as Settings }) }))
]
const of = (found: readonly ConfigProblem[], { from, option }: Place) => found.filter(({ message, setting }) => (message.startsWith(from) || message.startsWith(`${from.trimEnd()}:`)) && setting === flagOf(option))

t.test('each setting has its places, and each place reports an empty value by its own name, the setting’s, and with a fix', async t => {
  t.ok(places.length > 4 * optionNames.length * 0.9, `${places.length} places`)
  for (const option of optionNames) t.ok(places.some(place => place.option === option), option)
  for (const place of places) {
    if (options[place.option].emptyAllowed === true && !place.inFile) continue
    const found = of(problems(() => loadConfig(place.with('   '))), place)
    t.equal(found.length, 1, `${place.from}is empty`)
    t.match(found[0]?.fix ?? '', /\S{3}/, 'and the fix is said')
  }
})

t.test('a file that is not there is told under the name that named it', async t => {
  for (const place of places.filter(({ inFile, option }) => inFile || options[option].reads !== undefined)) {
    const found = of(problems(() => loadConfig(place.with('/nowhere/at/all'))), place)
    t.match(found, [{ message: /does not exist/ }], place.from)
  }
})

t.test('whatever is written wherever: what the setting does not take is reported under that name, what it takes is not, and no secret is repeated', async t => {
  const values = fc.oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.constantFrom('x y', '/a', 'a/../b', 'https://a.example/x#y', 'http://a.example', '-1', '99999999', '[1]', '{}', '{\'a\': [', '*', '@', 'no', 'a\nb', '../..', '127.0.0.1', 'on'), fc.webUrl(), fc.integer().map(String))
  const readable = places.filter(({ inFile, option }) => !inFile && options[option].reads === undefined && option !== 'config' && option !== 'providerModule') // which are looked for
  fc.assert(fc.property(fc.constantFrom(...readable), values, (place, value) => {
    const { option } = place
    fc.pre(value.trim() !== '')
    const found = problems(() => loadConfig(place.with(value)))
    const [refused] = refusal(option, value)
    const own = of(found, place).filter(({ message }) => !/ is given (?:without|together with) /.test(message)) // of what it takes, but not alone
    t.equal(own.length > 0 || JSON.stringify(found).includes('Kubernetes'), refused !== undefined, `${place.from}= ${JSON.stringify(value)}: ${refused?.message ?? 'taken'}`)
    if (specOf(option).secret === true && value.length > 8) t.notOk(found.some(({ message, fix }) => (message + fix).includes(value)), `${place.from}is a secret`)
  }), { numRuns: 1500 })
})

t.test('two places that are wrong are both told, at once', async t => {
  const flags = { port: 'x', 'client-id': '', 'use-pkce': 'perhaps', nonsense: '1' }
  const found = problems(() => loadConfig({ flags, env: { OAUTH_GATE_PORT: 'y', PANEL_OAUTH_EXPIRY: '-1', OAUTH_GATE_NONSENSE: '1' }, file: file(t, 'gate.yaml', 'port: z\nallowed_domains: []\n') }))
  for (const name of ['--port ', 'OAUTH_GATE_PORT ', 'port in ', '--client-id ', '--use-pkce ', '--nonsense ', 'PANEL_OAUTH_EXPIRY ', 'OAUTH_GATE_NONSENSE ', 'allowed_domains in ']) {
    t.equal(found.filter(({ message }) => message.startsWith(name)).length, 1, name)
  }
  for (const { setting, message, fix } of found) t.ok(setting !== '' && /[.?!]$/.test(message) && fix !== '', message)
  t.ok(path)
})

function refusal (option: OptionName, value: string): readonly Problem[] {
  try {
    options[option].parse(value)
    return []
  } catch (error) {
    if (error instanceof Problem) return [error]
    throw error
  }
}
