import type { IncomingMessage } from 'node:http'
import { outwardHeaders, type Outward } from './headers.ts'
import { knownName } from './names.ts'

/** They are about this connection, which goes no further than this process. */
const ABOUT_CONNECTION = ['connection', 'upgrade', 'transfer-encoding', 'te', 'trailer', 'expect', 'keep-alive'] as const

/** Makes a request say to handlers in this process what an app behind the gate would be told: no word of the client's about who it is. */
export function retell (raw: IncomingMessage, outward: Outward): void {
  const said = raw.headers
  const told = outwardHeaders(raw.rawHeaders, outward)
  const headers: Record<string, string | string[] | undefined> = {}
  const distinct = Object.create(null) as Record<string, string[]> // as Node's own: a client may send a header called constructor
  for (let at = 0; at + 1 < told.length; at += 2) {
    const [name, value] = [told[at] as string, told[at + 1] as string]
    const lower = name.toLowerCase()
    const { kind, normal } = knownName(name)
    const isTheirs = (kind === 'keep' || kind === 'host') && outward.owned?.has(normal) !== true
    headers[lower] = isTheirs ? said[lower] : value // what a client may not say was said by us
    distinct[lower] = [...distinct[lower] ?? [], value]
  }
  for (const name of ABOUT_CONNECTION) {
    const value = said[name]
    if (value === undefined) continue
    headers[name] = value
    distinct[name] = [String(value)]
    told.push(name, String(value))
  }
  raw.rawHeaders = told
  raw.headers = headers as IncomingMessage['headers']
  raw.headersDistinct = distinct
}
