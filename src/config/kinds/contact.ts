import type { Support } from '../../pages/error.ts'
import { Problem } from '../config-error.ts'
import { asText, type Kind } from './kind.ts'
import { parseUrl } from '../../url.ts'

/** Whom to ask: an address for mail, or a page. What is not one of these is not put into a link. */
export const contact: Kind<Support, string> = {
  shape: 'contact',
  parse: raw => {
    const text = asText(raw).trim()
    if (/^[\w.!#$&'*+=^`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/.test(text)) return Object.freeze({ email: text })
    const url = /^https:\/\/[^\s\\]+$/i.test(text) ? parseUrl(text) ?? undefined : undefined
    if (url === undefined || url.username !== '' || url.password !== '') throw new Problem('must be an email address or an address that begins with https://', 'Write help@example.com or https://help.example.com.')
    return Object.freeze({ url: url.href })
  }
}
