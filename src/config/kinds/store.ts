import { isIPv6 } from 'node:net'
import type { RedisAddress, RedisHost } from '../../session/store/address.ts'
import { Problem } from '../config-error.ts'
import { isHostName } from './addresses.ts'
import { asText, type Kind } from './kind.ts'

/** Where sessions are kept. */
export const sessionStore: Kind<'cookie' | 'memory' | RedisAddress, string> = {
  shape: 'cookie|memory|redis-url',
  parse: raw => {
    const value = asText(raw).trim()
    const word = value.toLowerCase()
    if (word === 'cookie' || word === 'memory') return word
    if (!value.includes(':')) throw new Problem('must be cookie, memory, or the address of a Redis', 'Write redis://HOST:6379, or rediss://HOST:6380 for TLS.')
    return readAddress(value)
  }
}

export const redisAddress: Kind<RedisAddress, string> = { shape: 'redis-url', parse: raw => readAddress(asText(raw).trim()) }

const PORT = { single: 6379, cluster: 6379, sentinel: 26_379 }
const FORMS = 'Write redis://USER:PASSWORD@HOST:6379/0, redis+sentinel://HOST:26379,HOST:26379/MASTER/0 or redis+cluster://HOST:6379,HOST:6379; rediss… for TLS.'
const ENCODE = 'What is no letter or digit in a user name or a password is written percent-encoded: %40 for @, %2F for /, %23 for #, %3F for ?.'

// No part of it is ever quoted: any may be a piece of the password.
function readAddress (text: string): RedisAddress {
  const [, scheme = '', rest = ''] = /^([a-z+-]+):\/\/(.*)$/is.exec(text) ?? []
  const [known, secure = '', kind = 'single'] = /^(?:redis|valkey)(s?)(?:[+-](sentinel|cluster))?$/i.exec(scheme) ?? []
  if (known === undefined) throw new Problem('does not begin with redis:// or rediss://', FORMS)
  const [, authority = '', path = '', query = ''] = /^([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$/s.exec(rest) ?? []
  if (rest.includes('#')) throw new Problem('has a fragment', ENCODE)
  const at = authority.lastIndexOf('@')
  const sort = kind.toLowerCase() as RedisAddress['kind']
  const hosts = authority.slice(at + 1).split(',').map(item => readHost(item, PORT[sort]))
  if (sort === 'single' && hosts.length > 1) throw new Problem('names several hosts', 'For a set with sentinels write redis+sentinel://HOST,HOST/MASTER, for a cluster redis+cluster://HOST,HOST.')
  return Object.freeze({ kind: sort, tls: secure !== '', hosts: Object.freeze(hosts) as unknown as RedisAddress['hosts'], ...readUser(at < 0 ? '' : authority.slice(0, at)), ...readPath(sort, path), ...readQuery(sort, query) })
}

function readHost (item: string, usual: number): RedisHost {
  const [, name = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(item.trim()) ?? []
  const host = name.replace(/^\[|\]$/g, '')
  if (host === '') throw new Problem('names no host', `${FORMS} ${ENCODE}`)
  if (!(name.startsWith('[') ? isIPv6(host) : isHostName(host))) throw new Problem('has a host that is none', ENCODE)
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)) throw new Problem('has a port that is none', ENCODE)
  return Object.freeze({ host: host.toLowerCase(), port: port === undefined ? usual : Number(port) })
}

function readUser (text: string): Pick<RedisAddress, 'username' | 'password'> {
  const [user, password] = text.split(/:(.*)/s).map(decoded)
  if (user !== undefined && user !== '' && password === undefined) throw new Problem('has a user name without a password', 'Write redis://USER:PASSWORD@HOST, or redis://:PASSWORD@HOST where there is no user.')
  return { ...user !== undefined && user !== '' && { username: user }, ...password !== undefined && password !== '' && { password } }
}

function readPath (kind: RedisAddress['kind'], path: string): Pick<RedisAddress, 'database' | 'master'> {
  const parts = path.split('/').slice(1).filter((part, index) => part !== '' || index > 1)
  const master = kind === 'sentinel' ? parts.shift() : undefined
  if (kind === 'sentinel' && (master === undefined || !/^[\w.%-]+$/.test(master))) throw new Problem('does not say how the sentinels call the master', 'Write redis+sentinel://HOST:26379/mymaster.')
  const [number = '0', ...more] = parts
  if (!/^\d{1,5}$/.test(number) || more.length > 0) throw new Problem('has a path that is no database', `Write /0, or nothing. ${ENCODE}`)
  if (kind === 'cluster' && Number(number) > 0) throw new Problem('names a database, and a cluster has 0 alone', 'Take it out.')
  return { database: Number(number), ...master !== undefined && { master: decoded(master) } }
}

function readQuery (kind: RedisAddress['kind'], query: string): Pick<RedisAddress, 'sentinelUsername' | 'sentinelPassword'> {
  const { 'sentinel-user': sentinelUsername, 'sentinel-password': sentinelPassword, ...others } = Object.fromEntries(new URLSearchParams(query))
  if (Object.keys(others).length > 0 || (query !== '' && kind !== 'sentinel')) throw new Problem('has a query', `Only redis+sentinel:// takes one: ?sentinel-user=…&sentinel-password=…. ${ENCODE}`)
  return { ...sentinelUsername !== undefined && { sentinelUsername }, ...sentinelPassword !== undefined && { sentinelPassword } }
}

function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Problem('has a % that begins no sign', ENCODE)
  }
}
