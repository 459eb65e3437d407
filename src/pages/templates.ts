import { readForms, withState } from './template-form.ts'
import { compileTemplate, TemplateFault } from './template.ts'

/** What the operator's templates stand for. */
export type TemplateRole = 'error' | 'login' | 'logout'

/** A file that loadConfig has read and found good. */
export interface TemplateFile {
  readonly name: string
  readonly source: string
}

export type ErrorValues = Readonly<Record<'title' | 'error_type' | 'error' | 'error_msg' | 'oauth_logout_link' | 'code' | 'request_id' | 'support_link', string>>
export type LoginValues = Readonly<Record<'title' | 'login_endpoint' | 'errormessage' | 'state' | 'username', string>>
export type LogoutValues = Readonly<Record<'title' | 'LOGIN_ENDPOINT' | 'provider' | 'provider_logout_link', string>>

interface Values { readonly error: ErrorValues, readonly login: LoginValues, readonly logout: LogoutValues }

const ENDPOINT = '/the/endpoint'
const STATE = 'the-state-of-this-browser'
const samples: Values = {
  error: { title: 'T', error_type: 'E', error: 'E', error_msg: 'M', oauth_logout_link: '/', code: 'C', request_id: 'R', support_link: '/' },
  login: { title: 'T', login_endpoint: ENDPOINT, errormessage: 'M', state: STATE, username: 'U' },
  logout: { title: 'T', LOGIN_ENDPOINT: ENDPOINT, provider: 'P', provider_logout_link: 'https://id.example.com/logout' }
}

/**
 * An operator's template for one role, tried once with made-up values.
 *
 * @param assets the path, with a slash at its end, below which Panel's templates look for their pictures
 * @throws {TemplateFault}
 */
export function createTemplate<R extends TemplateRole> (role: R, source: string, assets: string): (values: Values[R]) => string {
  const template = compileTemplate(source)
  // Panel's names for places of Panel's pictures. Other hosts would learn who signs in when; the policy refuses them.
  const draw = (values: Values[R]) => template({ ...values, PANEL_CDN: assets, base_url: assets, npm_cdn: '' })
  const tried = trial(() => draw(samples[role]), source)
  if (role !== 'login') return draw
  const isComplete = readForms(tried, { action: ENDPOINT, state: STATE }, line => new TemplateFault(line.message, lineOf(source, /<form\b/i), line.fix))
  return isComplete ? draw : values => withState(draw(values), (values as LoginValues).state)
}

function trial (draw: () => string, source: string): string {
  try {
    return draw()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const line = Number(/\[Line (\d+)/.exec(message)?.[1] ?? NaN)
    const why = message.split('\n').at(-1)?.trim().replace(/^Error: /, '') ?? ''
    const word = /not found: (\S+)|`(\w+)`/.exec(why)?.slice(1).find(Boolean)
    throw new TemplateFault(`cannot be shown: ${why}`, Number.isNaN(line) ? lineOf(source, word) : line, 'Use the filters and tags that Jinja2 and Nunjucks have in common.')
  }
}

function lineOf (source: string, what: RegExp | string | undefined): number {
  const at = what === undefined ? -1 : typeof what === 'string' ? source.indexOf(what) : source.search(what)
  return at === -1 ? 1 : source.slice(0, at).split('\n').length
}
