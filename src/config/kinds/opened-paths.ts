import { parseGuestEndpoint } from '../../access/rules/guest.ts'
import { parseSkipRoute, RouteFault, type SkipRoute } from '../../access/rules/skip-route.ts'
import { loadHttp } from '../../on-demand.ts'
import { Problem } from '../config-error.ts'
import { asItems, Repeated, type Kind } from './kind.ts'
import { readPrefix } from './prefix.ts'
import { parsePythonLiteral, type PythonValue } from './python-literal.ts'
import { items } from './scalars.ts'

const { METHODS } = loadHttp()
/** TRACE and CONNECT never reach an app. */
const methods = METHODS.filter(method => method !== 'TRACE' && method !== 'CONNECT')

/** Panel's lists: words behind the flag, and in the environment a Python list, which is what Panel takes there, or words. */
export const guestEndpoints: Kind<readonly string[], readonly string[] | string> = {
  shape: 'path,path',
  repeatable: true,
  variadic: true,
  parse: raw => items(paths(raw).map(readGuest))
}

/** One expression a flag; in a text a comma separates two where what follows it begins like one. */
export const skipRoutes: Kind<readonly SkipRoute[], readonly string[] | string> = {
  shape: '[method=]regex',
  repeatable: true,
  parse: raw => {
    const texts = items(asItems(raw, /,(?=\s*(?:[A-Za-z-]*!?=)?[\^/(])/))
    return Object.freeze(texts.map(readRoute))
  }
}

/** @throws {Problem} nobody knows the method, or it never reaches an app */
export function readMethod (text: string): string {
  const method = text.toUpperCase()
  if (!methods.includes(method)) throw new Problem(`has the method “${text}”, ${METHODS.includes(method) ? 'which is never forwarded' : 'which nobody knows'}`, 'Write GET, which is HEAD as well, POST, PUT, PATCH, DELETE or another of HTTP’s.')
  return method
}

function paths (raw: unknown): string[] {
  const list = raw instanceof Repeated ? raw.values : [raw]
  return list.flatMap(value => asItems(typeof value === 'string' && /^[[(]/.test(value.trim()) ? pythonList(value.trim()) : value, /[\s,]+/))
}

function pythonList (text: string): PythonValue {
  const value = parsePythonLiteral(text)
  if (!Array.isArray(value)) throw new Problem('begins like a list and is none', 'Write [\'/app\', \'/pub/*\'], or /app,/pub/*.')
  return value as PythonValue
}

function readGuest (text: string): string {
  const guest = parseGuestEndpoint(text)
  if (guest !== null) return guest.text
  if (text.replace(/\/\*$/, '').includes('*')) throw new Problem(`has “${text}”, where * is not at the end`, 'Write /pub/* for /pub and everything below it.')
  readPrefix(text)
  throw new Problem(`has “${text}”, which is no path`)
}

function readRoute (text: string): SkipRoute {
  try {
    const route = parseSkipRoute(text)
    if (route.method !== undefined) readMethod(route.method)
    return route
  } catch (error) {
    if (error instanceof RouteFault) throw new Problem(`has “${text}”, which ${error.message}`, 'Write METHOD=^/path/[^/]+$, or the expression alone, in the syntax of Go and RE2; it has to be the whole path.')
    if (error instanceof Problem) throw new Problem(`: “${text}” ${error.message}`, error.fix)
    throw error
  }
}
