import type { LogoFile } from '../../pages/logo.ts'
import { Problem } from '../config-error.ts'
import type { GivenFile, Kind } from './kind.ts'

const LARGEST = 256 * 1024
// One way only to read each character: a file can be all comments.
const SVG = /^\uFEFF?(?:\s|<\?xml[^>]*>|<!--(?:(?!-->)[^])*-->|<!DOCTYPE\s+svg[^>[]*>)*<svg[\s>]/i

/** A picture; its type is what its bytes say, whatever its name. */
export const image: Kind<LogoFile, string> = {
  shape: 'file',
  reads: 'file',
  parse: raw => {
    const bytes = (raw as GivenFile).read()
    if (bytes.length > LARGEST) throw new Problem(`names a picture of ${Math.ceil(bytes.length / 1024)} KiB, and 256 is the most`, 'Make it smaller: it is shown 44 pixels high.')
    const type = typeOf(bytes)
    if (type === undefined) throw new Problem('names a file that is no picture of a known type', 'Give a PNG, JPEG, WebP, GIF or SVG.')
    return Object.freeze({ bytes, type })
  }
}

function typeOf (bytes: Buffer): LogoFile['type'] | undefined {
  const begins = (text: string, at = 0) => bytes.subarray(at, at + text.length).toString('latin1') === text
  if (begins('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (begins('\xff\xd8\xff')) return 'image/jpeg'
  if (begins('RIFF') && begins('WEBP', 8)) return 'image/webp'
  if (begins('GIF87a') || begins('GIF89a')) return 'image/gif'
  // Without entities of its own: a few lines of them can fill a browser's memory.
  return SVG.test(bytes.toString('utf8')) ? 'image/svg+xml' : undefined
}
