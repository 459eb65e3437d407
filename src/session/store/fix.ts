import type { RedisAddress, StoreTls } from './address.ts'

/** A store as settings have it. */
export interface GivenStore {
  /** Without its dashes: session-store or revocation-store. */
  readonly setting: string
  readonly address: Pick<RedisAddress, 'tls' | 'kind'>
  readonly tls: StoreTls
}

const RIGHTS = 'The user may not do that: the line “user gate” in docs/scale.md has every right that the gate needs.'

/** What the server or the client says, and what is to be done about it; the first that fits. */
const FIXES: readonly (readonly [RegExp, (given: GivenStore) => string])[] = [
  [/NOPERM/, () => RIGHTS],
  [/WRONGPASS|invalid password/i, ({ setting }) => `The user or the password in --${setting} (or the file of --${setting}-file) is not the server’s. What is no letter or digit in it is written percent-encoded.`],
  [/NOAUTH/, ({ setting }) => `The server wants a password: put USER:PASSWORD@ before the host in --${setting} (or the file of --${setting}-file), :PASSWORD@ where it has no users.`],
  [/Hostname\/IP does not match/, ({ setting }) => `The host in --${setting} has to be one that the server’s certificate names.`],
  [/certificate has expired|certificate is not yet valid/, () => 'The server’s certificate has to be renewed, or this machine’s clock is wrong.'],
  [/alert (?:certificate|bad certificate|handshake|unknown ca)/, ({ tls }) => tls.cert === undefined ? 'The server wants a client certificate: set --store-cert and --store-key.' : 'The server refuses the certificate of --store-cert.'],
  [/self-signed certificate|unable to (?:get|verify)|certificate signature/, ({ tls }) => tls.ca === undefined ? 'The server’s certificate is not signed by an authority of this system: if it has one of its own, name that in --store-ca.' : 'The server’s certificate is not signed by the authority of --store-ca, which counts instead of the system’s.'],
  [/wrong version number|packet length too long/, ({ setting }) => `The server does not speak TLS at that port: write redis:// in --${setting}, or the port at which it does.`],
  [/ENOTFOUND|EAI_AGAIN/, ({ setting }) => `This machine finds no host of that name: check --${setting}, and DNS.`],
  [/ECONNREFUSED/, ({ setting }) => `Nobody listens there: start the server, or check host and port in --${setting}.`],
  [/cluster support disabled/, ({ setting }) => `It is not a cluster: write redis:// in --${setting}.`],
  [/^MOVED|MOVED \d/, ({ setting }) => `It is a cluster: write redis+cluster:// in --${setting}.`],
  [/unknown command .?sentinel/i, ({ setting }) => `It is no sentinel: name the sentinels and their port in --${setting}, or write redis:// for the server itself.`],
  [/Protocol error/, ({ setting }) => `It is no Redis that answers there: check host and port in --${setting}.`],
  [/DB index is out of range/, ({ setting }) => `The server has no database of that number: take it out of --${setting}.`],
  [/OOM/, () => 'The server is full: raise its maxmemory.'],
  [/READONLY/, ({ setting }) => `It is a replica, to which nobody may write: name the master in --${setting}, or sentinels that know it.`],
  [/sentinels are unreachable|slots cache/, ({ setting }) => `None of the hosts in --${setting} says where to go: check hosts, ports and passwords.`],
  [/ECONNRESET|EPIPE|was closed before/, ({ setting, address }) => address.tls ? 'If it is so each time, the server does not speak TLS at that port, or wants a client certificate (--store-cert, --store-key).' : `If it is so each time, the server may speak TLS at that port: write rediss:// in --${setting}.`],
  [/speak (?:it|TLS) at this port/, ({ setting }) => `If it does not, write redis:// in --${setting}; otherwise check host and port, and firewalls.`],
  [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no answer within/, ({ setting }) => `If it is so each time, check host and port in --${setting}, and firewalls between.`]
]

/** @returns undefined where nothing more is known than what was said */
export function fixOf (reason: string, given: GivenStore): string | undefined {
  return FIXES.find(([cause]) => cause.test(reason))?.[1](given)
}
