import { createRequire } from 'node:module'
import type pretty from 'pino-pretty'
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

/** For an operator's own pages. Its parser has no types. */
export function loadNunjucks (): unknown {
  return load('nunjucks')
}
