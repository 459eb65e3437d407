import { hostname } from 'node:os'
import { Problem } from '../config-error.ts'

/** What values of Grafana's configuration may refer to. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: (path: string) => Buffer
}

/** Far above any honest value: two values that name each other twice would double without end. */
const LONGEST = 64 * 1024
const MOST_TURNS = 99

/**
 * Puts in what `$__env{X}`, `${X}` and `$__file{/path}` stand for. To Grafana a variable that is not set is nothing, and an empty list of
 * whom to let in is everybody: here it stops the start.
 *
 * @throws {Problem}
 */
export function expand (text: string, { env, readFile }: Surroundings): string {
  const known = text.replace(/\$(__\w+)?\{([^}]+)\}/g, (written, kind: string | undefined, name: string) => {
    if (kind === undefined || kind === '__env') return variable(name, env)
    if (kind === '__file') return written
    throw new Problem(`has $${kind}{…}, which the gate does not know`, 'It knows $__env{NAME}, ${NAME} and $__file{/path}.')
  })
  const expanded = known.replace(/\$__file\{([^}]+)\}/g, (_, path: string) => readFile(path).toString('utf8').trim())
  if (expanded.trim() === '' && text.trim() !== '') throw new Problem('is empty once what it refers to is put in', 'Give that a value, or leave this one empty.')
  return expanded
}

function variable (name: string, env: Surroundings['env']): string {
  const value = env[name]
  if (name === 'HOSTNAME' && (value ?? '') === '') return hostname()
  if (value === undefined) throw new Problem(`refers to the variable ${/^\w+$/.test(name) ? name : 'in braces'}, which is not set`, 'Set it, or write the value itself.')
  return value
}

/**
 * Puts in what `%(name)s` stands for; what nothing is called stays as it is.
 *
 * @param find the value of a name, as this section sees it, and then in the section DEFAULT
 * @throws {Problem} values that refer to each other
 */
export function interpolate (text: string, find: (name: string) => string | undefined): string {
  let value = text
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const [written, name = ''] = /%\(([^)]+)\)s/.exec(value) ?? []
    const found = written === undefined ? undefined : find(name)
    if (written === undefined || found === undefined) return value
    value = value.replaceAll(written, () => found)
    if (value.length > LONGEST) break
  }
  throw new Problem('refers to itself by %(…)s', 'Write the value itself.')
}
