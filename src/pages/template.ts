import { loadNunjucks } from '../on-demand.ts'
import { bases } from './template-bases.ts'

/** Turns texts into a document. Every value is escaped. */
export type Template = (values: Readonly<Record<string, string>>) => string

/** Why a template cannot be used, in words that begin after its name. */
export class TemplateFault extends Error {
  /** Counted from 1. */
  readonly line: number
  readonly fix: string

  constructor (message: string, line: number, fix: string) {
    super(message)
    this.line = line
    this.fix = fix
  }
}

/** What of nunjucks is used here: its parser has no types of its own. */
interface Nunjucks {
  readonly parser: { parse (source: string): Node }
  readonly nodes: { readonly Node: unknown }
  readonly Environment: new (loaders: readonly Loader[], options: { readonly autoescape: boolean, readonly throwOnUndefined: boolean }) => Environment
  readonly Template: new (source: string, environment: Environment, name: string, eager: boolean) => { render (values: object): string }
}

interface Environment {
  /** @throws {Error} there is none */
  getFilter (name: string): unknown
  addFilter (name: string, filter: Filter): void
}

interface Node {
  readonly typename: string
  readonly lineno: number
  readonly value?: unknown
  readonly name?: Node
  readonly target?: Node
  readonly val?: Node
  readonly template?: Node
  findAll (type: unknown): readonly Node[]
}

interface Loader { getSource (name: string): { readonly src: string, readonly path: string, readonly noCache: boolean } | null }

const ours: Loader = {
  getSource: name => bases.has(name) ? { src: bases.get(name) ?? '', path: name, noCache: false } : null
}

/** Filters that put one text into another: what was escaped before would vouch for what was not. */
const MIXING = ['replace', 'truncate']
/** What there is in a for. A template can give the name to another value, of which these are harmless. */
const LOOP = new Set(['index', 'index0', 'revindex', 'revindex0', 'first', 'last', 'length'])

type Filter = (...values: readonly unknown[]) => unknown

/**
 * Compiles an operator's template, once, at start. Nunjucks is loaded for it, and by nothing else. Templates get texts and reach nothing
 * else: no attribute of anything, no function but their own macros.
 *
 * @throws {TemplateFault} it cannot be read, or wants what it cannot have
 */
export function compileTemplate (source: string): Template {
  const nunjucks = loadNunjucks() as Nunjucks
  const environment = Object.assign(new nunjucks.Environment([ours], { autoescape: true, throwOnUndefined: false }), { globals: Object.create(null) as object })
  for (const name of MIXING) environment.addFilter(name, asText(environment.getFilter(name) as Filter))
  const nodes = parsed(nunjucks, source).findAll(nunjucks.nodes.Node)
  refuseUnknown(nodes, environment)
  refuseReaching(nodes)
  const template = new nunjucks.Template(withoutDots(source), environment, 'template', true)
  return values => template.render(values)
}

function parsed ({ parser }: Nunjucks, source: string): Node {
  try {
    return parser.parse(source)
  } catch (error) {
    const { message, lineno } = error as Error & { readonly lineno?: number }
    // Without a line it is the end that came too soon.
    const line = typeof lineno === 'number' ? lineno : source.trimEnd().split('\n').length
    throw new TemplateFault(`cannot be read: ${message.split('\n').at(-1)?.trim().replace(/^Error: /, '') ?? ''}`, line, 'Close every {% block %}, {% if %} and {% for %}, and look for a stray {% or {{ there.')
  }
}

// A name leads from any value to its constructor, and from there to everything this process can do.
function refuseReaching (nodes: readonly Node[]): void {
  const macros = new Set(nodes.filter(({ typename }) => typename === 'Macro').map(({ name }) => name?.value))
  for (const node of nodes) {
    const { typename, name, target, lineno } = node
    const line = lineno + 1
    if (typename === 'LookupVal' && !(target?.value === 'loop' && LOOP.has(String(node.val?.value)))) throw new TemplateFault('looks into a value with a dot or brackets', line, 'All variables are plain texts: write {{ title }}, and filters such as {{ title | upper }}. In a for, loop.index and the like can be had.')
    if (typename === 'FunCall' && !(name?.typename === 'Symbol' && (macros.has(name.value) || name.value === 'super' || name.value === 'caller'))) throw new TemplateFault('calls a function', line, 'Only super(), caller() and macros of the template itself can be called.')
    if (typename === 'Symbol' && String(node.value) in Object.prototype) throw new TemplateFault(`has the name ${String(node.value)}, which is not that of a text`, line, 'Take it out.')
    if (typename === 'Filter' && name?.value === 'safe') throw new TemplateFault('has the filter safe, which lets strangers write markup into the page', line, 'Take it out: part of the text comes from the sign-in service.')
  }
}

// What nunjucks would find out while drawing, and perhaps not before the first sign-in that fails.
function refuseUnknown (nodes: readonly Node[], environment: Environment): void {
  for (const { typename, name, template, lineno } of nodes) {
    const line = lineno + 1
    if (template !== undefined && !(template.typename === 'Literal' && bases.has(String(template.value)))) throw new TemplateFault(`wants the template ${JSON.stringify(template.value)}, which is not there`, line, `Write one of ${[...bases.keys()].map(base => `"${base}"`).join(', ')}, or put everything into one file.`)
    if (typename === 'Filter' && !isKnown(() => environment.getFilter(String(name?.value)))) throw new TemplateFault(`has the filter ${String(name?.value)}, which is not there`, line, 'Use the filters that Jinja2 and Nunjucks have in common.')
  }
}

function asText (filter: Filter): Filter {
  return (...values) => String(filter(...values) ?? '')
}

function isKnown (look: () => unknown): boolean {
  try {
    return look() !== undefined
  } catch {
    return false
  }
}

// Panel writes action=".{{ login_endpoint }}": relative to its own login page. Ours are whole paths.
function withoutDots (source: string): string {
  return source.replace(/\.(?=\{\{-?\s*(?:login_endpoint|LOGIN_ENDPOINT)\b)/g, '')
}
