// What the command line asks for.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseFlags } from '../../scripts/flags.mjs'
import { cases, comparing, peers } from './names.mjs'

const USAGE = `npm run bench -- [CASE…] [options]

All cases take about half an hour on one Node. They need Linux, wrk and nginx. Also measured where they are there: apache2 with
libapache2-mod-auth-openidc, nghttp2-client (h2load, for rate), redis-server (for sessions), and oauth2-proxy, whose program OAUTH2_PROXY_BIN names.

  CASE           ${cases.join(', ')} (default: all of them)
  NAMES          ${peers.join(', ')}

  --node=PATH    a Node to measure on; may be given several times (default: the one that runs this)
  --only=NAMES   those alone, with commas between, while one works on something: of ${comparing.join(', ')}, or 1k if none is named
                 (bench/results/quick.json)
  --rounds=N     rounds of bursts (6)
  --burst=N      whole seconds of a burst (2)
  --warm=N       requests before anything counts, for whatever is compiled while it runs (80000)
  --json=FILE    where the results are kept; other cases stay as they are there (bench/results/speed.json)
  --quick        2 rounds of 1 second after 2000 requests: whether it works, not how fast it is (bench/results/quick.json)
  --help         this`

const QUICK = { rounds: 2, burst: 1, warm: 2000 }
const FULL = { rounds: 6, burst: 2, warm: 80_000 }

const number = { type: 'string', is: 'a whole number above 0', fits: text => /^[1-9]\d{0,14}$/.test(text) }

/** Of the command line; ends the process where that is wrong, or asks for help. @returns {{ cases: string[], nodes: { path: string, version: string, major: number }[], rounds: number, burst: number, warm: number, quick: boolean, only?: string[], json: string }} */
export function readSettings () {
  const { words, help, quick = false, json, ...values } = parseFlags({
    node: { type: 'string', multiple: true, is: 'a Node', fits: paths => paths.every(path => nodeAt(path) !== undefined) },
    only: { type: 'string', is: `one or more of ${peers.join(', ')}, with commas between`, fits: text => text.split(',').every(name => peers.includes(name)) },
    rounds: number, burst: number, warm: number, json: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean' }
  }, { name: 'CASE', is: `one of ${cases.join(', ')}`, fits: word => cases.includes(word) })
  if (help) {
    console.log(USAGE)
    process.exit(0)
  }
  const only = values.only?.split(',')
  const deaf = only && words.filter(name => !comparing.includes(name))
  if (deaf?.length > 0) {
    console.error(`--only is nothing to ${deaf.join(', ')}, but to ${comparing.join(', ')}.`)
    process.exit(1)
  }
  const { rounds, burst, warm } = { ...quick ? QUICK : FULL, ...values }
  const wanted = words.length > 0 ? words : only ? ['1k'] : cases
  return {
    cases: cases.filter(name => wanted.includes(name)), quick, only,
    nodes: (values.node ?? [process.execPath]).map(nodeAt),
    rounds: Number(rounds), burst: Number(burst), warm: Number(warm),
    json: json ?? fileURLToPath(new URL(`../results/${quick || only ? 'quick' : 'speed'}.json`, import.meta.url))
  }
}

/** @returns nothing where there is none */
function nodeAt (path) {
  const [, version, major] = /^v((\d+)\.\S+)\s*$/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '') ?? []
  return version === undefined ? undefined : { path, version, major: Number(major) }
}
