import { Problem } from './config-error.ts'

const segment = /^[A-Za-z0-9._~!$&'()*+,=:@-]+$/

/**
 * An absolute path that can be read in one way only: no encoding, no empty segment, none that ends with a dot, no `;`, no end slash but in `/`.
 * What rules and upstreams are compared with has to be free of doubt; what clients send is judged elsewhere.
 *
 * @throws {Problem}
 */
export function plainPath (path: string): string {
  if (path === '/') return path
  if (!path.startsWith('/')) throw new Problem(`has the path “${path}”, which must begin with /`)
  if (path.includes('?') || path.includes('#')) throw new Problem(`has the path “${path}”, which must have no query and no fragment`)
  if (path.endsWith('/')) throw new Problem(`has the path “${path}”, which must not end with /`, `Write ${path.replace(/\/+$/, '') || '/'}.`)
  for (const part of path.slice(1).split('/')) {
    if (part.endsWith('.') || !segment.test(part)) {
      throw new Problem(`has the path “${path}”, which can be read in more than one way`, 'Use plain segments of letters, digits and -._~!$&\'()*+,=:@ separated by single slashes.')
    }
  }
  return path
}

/** The same, but `/app/` is taken as `/app`, for paths where both mean one thing. */
export function plainFolder (path: string): string {
  return plainPath(/[^/]\/$/.test(path) ? path.slice(0, -1) : path)
}

/** Whether `path` is `folder` or lies below it, by whole segments. */
export function covers (folder: string, path: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}
