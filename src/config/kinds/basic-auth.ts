import type { Logger } from 'pino'
import type { Credentials, People } from '../../passwords/people.ts'
import { isHashLike, weaknessOf } from '../../passwords/secret.ts'
import { MissingFile, Problem } from '../config-error.ts'
import type { GivenFile, Kind } from './kind.ts'
import { readPeople, secretOf } from '../people-file.ts'
import { text } from './scalars.ts'
import { watchFile, type Watch } from '../watched-file.ts'

/** A password, its hash, or the name of a file of people. What comes from `--basic-auth-file` is always the one password. */
export const basicAuth: Kind<Credentials, string> = {
  shape: 'password',
  reads: 'file',
  parse: raw => typeof raw === 'string' ? alone(raw) : named(raw as GivenFile)
}

function alone (content: string): Credentials {
  if (content.trimStart().startsWith('{"') || /^[^\s:]+:\$(?:2[aby]|argon2id)\$/.test(content)) throw new Problem(': that file has people in it, and the setting is for a file that holds one password', 'Name it in --basic-auth.')
  return one(text.parse(content))
}

function named ({ path, read }: GivenFile): Credentials {
  const written = text.parse(path)
  if (isHashLike(written)) return one(written)
  try {
    return Object.freeze({ path, people: readPeople(path, read()) })
  } catch (error) {
    if (!(error instanceof MissingFile)) throw error
  }
  // It may be a password all the same, so it is not repeated.
  if (isPathLike(written)) throw new Problem('looks like the path of a file, which does not exist', 'Check the path; it is seen from the folder where oauth-gate was started. A password with / or \\ in it, or with an ending as files have it, is put into a file, for --basic-auth-file.')
  return one(written)
}

function one (password: string): Credentials {
  return Object.freeze({ password: secretOf(password) })
}

/** A typing error in the name of a file must not become the password of everybody: a slash, or an ending, is what paths have. */
function isPathLike (written: string): boolean {
  return /[/\\]|\.[a-z]{1,8}~?$/i.test(written)
}

/** What is easily guessed, in sentences without capital and full stop. */
export function weaknesses (credentials: Credentials): readonly string[] {
  if ('password' in credentials) return [weaknessOf(credentials.password)].flatMap(why => why === undefined ? [] : [`the password of --basic-auth ${why}`])
  const weak = [...credentials.people].flatMap(([name, secret]) => weaknessOf(secret) === undefined ? [] : [{ name, why: weaknessOf(secret) ?? '' }])
  return [...new Set(weak.map(({ why }) => why))].map(why => {
    const names = weak.filter(other => other.why === why).map(({ name }) => name)
    return `${credentials.path}: the password of ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} others` : ''} ${why}`
  })
}

/** Takes what the file says from now on. What cannot be taken is logged, and the people before it stay. */
export function watchPeople (people: People, path: string, log: Pick<Logger, 'info' | 'error'>): Watch {
  let refused = false
  return watchFile(path, content => {
    try {
      if (content instanceof Problem) throw content
      const changes = people.replace(readPeople(path, content))
      const silent = !refused && Object.values(changes).every(count => count === 0)
      refused = false
      if (!silent) log.info({ event: 'policy.reloaded', file: path, people: people.size, ...changes }, 'the people who may sign in have changed')
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refused = true
      const { message, fix } = error
      log.error({ event: 'policy.refused', file: path, detail: `--basic-auth${message.startsWith(':') ? '' : ' '}${message}`, hint: fix, people: people.size }, 'the people who may sign in have changed and cannot be taken: those before stay')
    }
  })
}
