import { loadYaml } from '../on-demand.ts'
import { MAKE_ONE, nameOf, readSecret, SecretFault, isHashLike, type Secret } from '../passwords/secret.ts'
import { Problem } from './config-error.ts'
import { textOf } from './text-file.ts'

interface Row { readonly where: string, readonly name: string, readonly secret: string }

/**
 * The people of a file, JSON as Panel has it or htpasswd, each name once.
 *
 * @throws {Problem} it says nothing of what is written there but names
 */
export function readPeople (path: string, content: Buffer): ReadonlyMap<string, Secret> {
  const text = textOf(path, content, ' A file that holds one password goes to --basic-auth-file.')
  const rows = text.trimStart().startsWith('{') ? ofJson(path, text) : ofHtpasswd(path, text)
  const people = new Map<string, Secret>()
  for (const { where, name: written, secret } of rows) {
    const name = nameOf(written)
    if (name === undefined) throw new Problem(`: ${path}, ${where}, is for a name that is empty, longer than 256 characters, or has control characters.`, 'Write a name that somebody can type.')
    if (people.has(name)) throw new Problem(`: ${path}, ${where}, is the second for ${JSON.stringify(name)}.`, 'Keep one of the two.')
    people.set(name, secretOf(secret, `: ${path}, ${where}: the password of ${JSON.stringify(name)}`))
  }
  if (people.size === 0) throw new Problem(`: ${path} has nobody in it, so nobody could sign in.`, 'Write a line for each person, NAME:HASH: htpasswd -nB -C 12 NAME prints one.')
  return people
}

/** @param subject whose it is, where that is not the setting's own value @throws {Problem} */
export function secretOf (text: string, subject?: string): Secret {
  try {
    return readSecret(text)
  } catch (error) {
    if (error instanceof SecretFault) throw new Problem(subject === undefined ? error.message : `${subject} ${error.message}.`, error.fix)
    throw error
  }
}

/** The other parser says where the fault is, and sees a name that stands there twice. Neither may quote the text. */
function ofJson (path: string, text: string): readonly Row[] {
  const { LineCounter, parseDocument } = loadYaml()
  const lines = new LineCounter()
  const [fault] = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true }).errors
  if (fault !== undefined) {
    const twice = fault.code === 'DUPLICATE_KEY'
    throw new Problem(`: ${path}, line ${lines.linePos(fault.pos[0]).line}, ${twice ? 'has a name that stands there before' : 'is not proper JSON'}.`, twice ? 'Keep one of the two.' : JSON_FIX)
  }
  return Object.entries(parsed(path, text)).map(([name, secret], index) => {
    const where = `entry ${index + 1}`
    if (typeof secret !== 'string' || secret.trim() === '') throw new Problem(`: ${path}, ${where}: the password of ${JSON.stringify(name.slice(0, 256))} is ${typeof secret === 'string' ? 'empty' : 'no text'}.`, JSON_FIX)
    return { where, name, secret }
  })
}

const JSON_FIX = 'Write {"name": "password", "other": "hash"}, all of it in double quotes, without a comma after the last.'

function parsed (path: string, text: string): object {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as object
  } catch {
    throw new Problem(`: ${path} is not proper JSON.`, JSON_FIX)
  }
}

/** `name:hash`, as Apache and nginx have it; `#` begins a comment, and what stands behind another colon is one too. */
function ofHtpasswd (path: string, text: string): readonly Row[] {
  return text.split(/\r\n|\r|\n/).flatMap((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return []
    const where = `line ${index + 1}`
    const [, name, secret] = /^([^:]*):\s*([^:\s]*)\s*(?::.*)?$/.exec(line) ?? []
    if (name === undefined || secret === undefined || secret === '') throw new Problem(`: ${path}, ${where}, is not NAME:HASH.`, `${MAKE_ONE} A file that holds one password goes to --basic-auth-file.`)
    if (!isHashLike(secret)) throw new Problem(`: ${path}, ${where}, has no bcrypt or argon2id hash behind its colon.`, `${MAKE_ONE} Passwords as they are can be written in JSON alone: {"name": "password"}.`)
    return [{ where, name, secret }]
  })
}
