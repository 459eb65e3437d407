import { Problem } from '../config-error.ts'
import { webUrl } from '../kinds/addresses.ts'
import type { OptionName } from '../options.ts'

/**
 * Grafana's `root_url` as settings of the gate: its origin is the public URL. A path in it is one that a proxy takes off before the
 * request comes (`root-path`), or, with `serve_from_sub_path`, one that requests have (`prefix`).
 *
 * @throws {Problem} it is no address of a site
 */
export function rootUrlSettings (text: string, servesSubPath: boolean): readonly (readonly [OptionName, string])[] {
  const { url: { origin, pathname, search, hash } } = webUrl(text)
  if (search !== '' || hash !== '') throw new Problem('must have no query and no fragment', 'Write the address that people type, like https://app.example.com/.')
  const path = pathname.replace(/\/+$/, '')
  return [['publicUrl', origin], ...path === '' ? [] : [[servesSubPath ? 'prefix' : 'rootPath', path] as const]]
}
