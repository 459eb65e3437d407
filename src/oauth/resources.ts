import { Claims } from '../claims.ts'
import { ProviderAnswerInvalid, ProviderRefused } from '../errors.ts'
import type { Resource } from '../provider.ts'
import { address, readJson, type ProviderFetch } from './http.ts'
import { parseUrl } from '../url.ts'

/** How a document is asked for: the provider's quirks, as data. */
export interface ResourceRequest {
  readonly fetch: ProviderFetch
  readonly accessToken: string
  readonly accept?: string | undefined
  readonly tokenScheme?: string | undefined
}

const MOST_PAGES = 100
const MOST_ITEMS = 10_000
/** Characters as JSON: pages are kept parsed, which takes some twenty times as much. */
const MOST_TEXT = 4 * 1024 * 1024

/**
 * One JSON document of the provider, read with the access token in the header (RFC 6750 §2.1), never in the address.
 *
 * @throws {ProviderRefused} 401, 403 or 404: the token does not open this address
 * @throws {ProviderAnswerInvalid} another status, or no JSON
 */
export async function readWithToken (url: string, request: ResourceRequest): Promise<unknown> {
  return (await readPage(url, request)).document
}

/**
 * A resource of a provider's file, over all its pages: one list of all items where it has pages.
 *
 * @throws what `readWithToken` throws; {ProviderAnswerInvalid} too many pages, or a next page on another server, which must not have our token
 */
export async function readResource (resource: Resource, request: ResourceRequest): Promise<Claims> {
  const { next, items } = resource
  if (next === undefined) {
    const document = await readWithToken(resource.url, request)
    return items === undefined ? new Claims(document) : new Claims(new Claims(document).raw(items))
  }
  const all: unknown[] = []
  let url: string | undefined = resource.url
  for (let page = 0; url !== undefined; page++) {
    const tooMany = new ProviderAnswerInvalid(`GET ${address(resource.url)} has more than ${MOST_PAGES} pages or ${MOST_ITEMS} items`)
    if (page === MOST_PAGES) throw tooMany
    const { document, link } = await readPage(url, request)
    const list = listIn(document, items, resource.url)
    if (all.length + list.length > MOST_ITEMS) throw tooMany
    all.push(...list)
    url = sameServer(next === 'link' ? linkedNext(link, url) : new Claims(document).text(next.member), url)
  }
  return new Claims(all)
}

/**
 * Documents of which nobody knows the shape, over all their pages: the next one is where the `Link` header says (RFC 8288) or a member `next`
 * has an address of the same server.
 *
 * @returns each page as it came
 * @throws what `readResource` throws
 */
export async function readPages (first: string, request: ResourceRequest): Promise<readonly unknown[]> {
  const pages: unknown[] = []
  let url: string | undefined = first
  let left = MOST_TEXT
  while (url !== undefined) {
    if (pages.length === MOST_PAGES) throw new ProviderAnswerInvalid(`GET ${address(first)} has more than ${MOST_PAGES} pages`)
    const { document, link } = await readPage(url, request)
    left -= JSON.stringify(document).length
    if (left < 0) throw new ProviderAnswerInvalid(`GET ${address(first)} has pages of more than ${MOST_TEXT} characters together`)
    pages.push(document)
    const next = new Claims(document).raw('next')
    const member = typeof next === 'string' && parseUrl(next)?.origin === new URL(first).origin ? next : undefined
    url = sameServer(linkedNext(link, url) ?? member, url)
  }
  return pages
}

async function readPage (url: string, { fetch, accessToken, accept = 'application/json', tokenScheme = 'Bearer' }: ResourceRequest): Promise<{ document: unknown, link: string | null }> {
  const answer = await fetch(url, { headers: { accept, authorization: `${tokenScheme} ${accessToken}` } })
  if ([401, 403, 404].includes(answer.status)) throw new ProviderRefused(`GET ${address(url)} answered ${answer.status}; usually a scope is missing`)
  if (answer.status !== 200) throw new ProviderAnswerInvalid(`GET ${address(url)} answered ${answer.status}`)
  return { document: await readJson(answer, `GET ${address(url)}`), link: answer.headers.get('link') }
}

function listIn (document: unknown, items: string | undefined, url: string): unknown[] {
  const list = items === undefined ? document : new Claims(document).raw(items)
  if (!Array.isArray(list)) throw new ProviderAnswerInvalid(`GET ${address(url)} answered without the list${items === undefined ? '' : ` ${items}`}`)
  return list
}

/** RFC 8288 §3: `<https://…?page=2>; rel="next", <…>; rel="last"`. */
function linkedNext (link: string | null, base: string): string | undefined {
  for (const [, target = '', parameters = ''] of (link ?? '').slice(0, 8192).matchAll(/<([^<>]*)>([^<]*)/g)) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters)
    const relations = (relation?.[1] ?? relation?.[2] ?? '').toLowerCase().split(/\s+/)
    const url = relations.includes('next') ? parseUrl(target, base) : null
    if (url !== null) return url.href
  }
  return undefined
}

function sameServer (next: string | undefined, current: string): string | undefined {
  if (next === undefined) return undefined
  if (parseUrl(next)?.origin !== new URL(current).origin) throw new ProviderAnswerInvalid(`GET ${address(current)} names ${address(next)} as its next page, which is another server`)
  return next
}
