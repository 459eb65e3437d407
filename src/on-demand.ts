import type * as Http from 'node:http'
import { createRequire } from 'node:module'
import type pretty from 'pino-pretty'
import type * as Re2 from 're2js'
import type * as Yaml from 'yaml'

// What only some gates need: together it would be a fifth of what is loaded at a start.
const load = createRequire(import.meta.url)

/** For a file of settings, or of people. */
export function loadYaml (): typeof Yaml {
  return load('yaml') as typeof Yaml
}

/** For a terminal. */
export function loadPretty (): typeof pretty {
  return load('pino-pretty') as typeof pretty
}

/** For `skip-auth-route`. */
export function loadRe2 (): typeof Re2 {
  return load('re2js') as typeof Re2
}

/** For an operator's own pages. Its parser has no types. */
export function loadNunjucks (): unknown {
  return load('nunjucks')
}

/** Every gate needs it. But an `import` looks at all that it has, and for the WebSocket among it Node 22 and 24 compile the whole of their own fetch: a sixth of a start. */
export function loadHttp (): typeof Http {
  return load('node:http') as typeof Http
}
