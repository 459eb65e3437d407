import { options, type OptionName } from './options.ts'
import { levels, type Candidate } from './sources.ts'

/** What `--app` knows by name. */
export type AppKind = 'panel' | 'bokeh'

export interface Preset {
  /** As in a flag. Whoever sets one of these is heard instead. */
  readonly settings: Readonly<Partial<Record<'loginEndpoint' | 'logoutEndpoint' | 'upstreamIdentity' | 'websocketOrigin', string>>>
  /**
   * What a page needs that visitors without a session may see: files that are the same in every installation, and open to everybody
   * in the app itself. Below the prefix, as expressions for `skip-auth-route`; without such visitors nothing is opened.
   */
  readonly files: readonly string[]
}

// BokehJS by the names of its bundles, and the built JavaScript of installed extensions: below /static there may be the app's own files
// too, and /components imports whatever module it is asked for.
const files = ['/static/js/bokeh(?:-[a-z]+)?(?:\\.min)?\\.js', '/static/extensions/[^/]+/.+']

/** How each kind of app wants to be served, in so far as it is not how the gate serves any. */
export const presets: Readonly<Record<AppKind, Preset>> = {
  panel: {
    settings: { loginEndpoint: '/login', logoutEndpoint: '/logout', upstreamIdentity: 'panel-cookies', websocketOrigin: 'bokeh' },
    files
  },
  bokeh: {
    settings: { websocketOrigin: 'bokeh' },
    files
  }
}

/** Where somebody may have put another page of the gate's, which then stays there. */
const ownPaths: ReadonlySet<OptionName> = new Set(['loginEndpoint', 'logoutEndpoint', 'callbackPath', 'pingPath', 'readyPath', 'proxyPrefix'])

/** The settings of the app that was named, weaker than any that somebody wrote; @param said everything that was */
export function fromApp (said: readonly Candidate[]): readonly Candidate[] {
  const kind = strongest(said, 'app')
  if (kind === undefined) return []
  const { settings, files } = presets[kind as AppKind]
  const from = `--app=${kind}`
  const taken = (path: string) => said.some(({ option, raw }) => ownPaths.has(option) && (raw === path || raw === path.slice(1)))
  const opened = said.some(({ option }) => option === 'oauthGuestEndpoints') ? [{ skipAuthRoute: files.map(file => `GET=^${prefixOf(said)}${file}$`) }] : []
  return [settings, ...opened].flatMap(preset => Object.entries(preset) as [OptionName, string | string[]][])
    .filter(([, raw]) => typeof raw !== 'string' || !taken(raw))
    .map(([option, raw]) => ({ option, inFile: false, level: 'preset', from, raw }))
}

function prefixOf (said: readonly Candidate[]): string {
  const prefix = strongest(said, 'prefix') ?? '/'
  return prefix === '/' ? '' : prefix.replace(/[^\w/-]/g, '\\$&')
}

/** What cannot be read is told when the setting itself is. */
function strongest (said: readonly Candidate[], wanted: 'app' | 'prefix'): string | undefined {
  const [first] = said.filter(({ option, inFile }) => option === wanted && !inFile).sort((one, other) => levels.indexOf(one.level) - levels.indexOf(other.level))
  try {
    return first === undefined ? undefined : options[wanted].parse(first.raw)
  } catch {
    return undefined
  }
}
