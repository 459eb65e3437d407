import { Problem } from '../config-error.ts'

const segment = /^[A-Za-z0-9._~!$&'()*+,=:@-]+$/

/**
 * A path of our own, as it stands in URLs and in a cookie's `Path`: no encoding, no empty segment, none that ends with a dot, no `;`.
 * `/app/` is taken as `/app`.
 *
 * @throws {Problem}
 */
export function plainPath (text: string): string {
  if (text === '/') return text
  const path = /[^/]\/$/.test(text) ? text.slice(0, -1) : text
  if (!path.startsWith('/')) throw new Problem(`has the path “${path}”, which must begin with /`, `Write /${path}.`)
  if (path.includes('?') || path.includes('#')) throw new Problem(`has the path “${path}”, which must have no query and no fragment`)
  for (const part of path.slice(1).split('/')) {
    if (part.endsWith('.') || !segment.test(part)) {
      throw new Problem(`has the path “${path}”, which can be read in more than one way`, 'Use plain segments of letters, digits and -._~!$&\'()*+,=:@ separated by single slashes.')
    }
  }
  return path
}

/** Whether `path` is `folder` or lies below it, by whole segments. */
export function covers (folder: string, path: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}
