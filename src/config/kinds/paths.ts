import { Problem } from '../config-error.ts'
import type { Kind } from './kind.ts'
import { plainPath } from './plain-path.ts'
import { text } from './scalars.ts'

/** The shortest that any system allows for the name of a socket (macOS). */
const LONGEST_SOCKET = 103

export const path: Kind<string, string> = { shape: 'path', parse: raw => plainPath(text.parse(raw)) }

/** Where endpoints of our own are: `/` would leave nothing to the app. */
export const ownPath: Kind<string, string> = { shape: 'path', parse: raw => own(plainPath(text.parse(raw))) }

/** Panel's way to name a page: the slash in front may be left out. */
export const endpoint: Kind<string, string> = { shape: 'subpath', parse: raw => own(plainPath(withSlash(text.parse(raw)))) }

/** What other paths are put below; `/` for nothing. */
export const basePath: Kind<string, string> = { shape: 'subpath', parse: raw => routable(plainPath(withSlash(text.parse(raw)))) }

export const rootPath: Kind<string, string> = {
  shape: 'path',
  parse: raw => {
    const value = text.parse(raw)
    // The sentence is Panel's.
    if (!value.startsWith('/')) throw new Problem('must start with a leading slash (`/`).', isRewritten(value) ? SHELL : `Write /${value}.`)
    return plainPath(value)
  }
}

export const socketFile: Kind<string, string> = {
  shape: 'file',
  parse: raw => {
    const value = text.parse(raw)
    if (value.startsWith('unix:')) throw new Problem('begins with unix:, which belongs before the socket of an upstream', `Write ${value.slice('unix:'.length)}.`)
    if (Buffer.byteLength(value) > LONGEST_SOCKET) throw new Problem(`is longer than the ${LONGEST_SOCKET} bytes that the name of a socket may have`, 'Choose a folder nearer to the root, like /run/oauth-gate.sock.')
    return value
  }
}

const SHELL = 'The shell has made a Windows path of it, as Git Bash does: set MSYS_NO_PATHCONV=1, or write it in the file that --config names.'

function own (value: string): string {
  if (value === '/') throw new Problem('must not be /, which belongs to the app')
  return routable(value)
}

// To our router `:` begins a parameter and `*` is a wildcard.
function routable (value: string): string {
  if (/[:*]/.test(value)) throw new Problem(`has the path “${value}”, where : and * have a meaning of their own`, 'Use letters, digits and -._ between the slashes.')
  return value
}

function withSlash (value: string): string {
  if (isRewritten(value)) throw new Problem('is no path here', `${SHELL} Or leave out its first slash.`)
  return value.startsWith('/') ? value : `/${value}`
}

function isRewritten (value: string): boolean {
  return /^[A-Za-z]:[\\/]/.test(value)
}
