import { everyone } from './decisions.ts'
import { allows, type Plain, type PlainRule, type PlainSkip } from './naive-rules.ts'
import { spellingOf } from './spelling-arbitrary.ts'
import { fc } from '../fixtures/random.ts'

const paths = ['/admin', '/public', '/a', '/a/b', '/b', '/app', '/my app', '/größe', '/admin/open'] as const
const methods = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND'] as const
const hosts = ['one.example.com', '*.apps.example.com'] as const
const asked = ['one.example.com', 'ONE.example.com:8443', 'x.apps.example.com', 'other.example.com'] as const

/** Within what every settings check asks for: nothing is named twice, and nothing is behind a rule that leaves it nothing. */
const skips: readonly PlainSkip[] = [
  { method: 'GET', negated: false, expression: '/public/[^/]+' },
  { negated: false, expression: '/health(z|/ready)?' },
  { method: 'POST', negated: false, expression: '/b/.*' },
  { negated: false, expression: '/a/b' },
  { method: 'GET', negated: true, expression: '^/(admin|a)' }
]
const guests = ['/app', '/public/*', '/b', '/größe/*', '/admin/open'] as const

const rule: fc.Arbitrary<PlainRule> = fc.record({
  path: fc.constantFrom(...paths, '/'),
  methods: fc.option(fc.subarray([...methods], { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 3 }),
  host: fc.option(fc.subarray([...hosts], { minLength: 1 }), { nil: undefined, freq: 4 }),
  allow: fc.constantFrom(...Object.keys(allows) as (keyof typeof allows)[])
}).map(({ path, methods, host, allow }) => ({ path, allow, ...methods !== undefined && { methods }, ...host !== undefined && { host } }))

const upstreams: fc.Arbitrary<ReadonlyMap<string, string>> = fc.constantFrom<readonly (readonly [string, string])[]>(
  [['/', '']], [['/', '']], [['/', '/base']], [['/', ''], ['/a', '']], [['/', '/base'], ['/a', ''], ['/a/b', '/base/deep']], [['/admin', ''], ['/public', '']], [['/', ''], ['/my app', '/base'], ['/größe', '']]
).map(pairs => new Map(pairs))

/** What a rule leaves to those behind it is more, the narrower it is. */
const breadth = ({ path, methods, host }: PlainRule) => (methods === undefined ? 4 : 0) + (host === undefined ? 2 : 0) - path.length * 8

/** Gates of every kind that rules, openings and upstreams make together. */
export const anyGate: fc.Arbitrary<Plain> = fc.record({
  rules: fc.array(rule, { maxLength: 5 }).map(rules => rules.toSorted((one, other) => breadth(one) - breadth(other))),
  guests: fc.option(fc.subarray([...guests]), { nil: [], freq: 1 }),
  skips: fc.option(fc.subarray([...skips], { maxLength: 2 }), { nil: [], freq: 1 }),
  optional: fc.boolean(),
  upstreams
})

const encoded = [...[...paths, '/health', '/healthz'].map(encodeURI), '/my+app']
const within = encoded.flatMap(path => [path, `${path}/`, `${path}/x`, `${path}/ws`, `${path}/x.json`, ...encoded.slice(0, 5).flatMap(other => [`${other}/..${path}`, `${other}/x/../..${path}/y`])])

export const anyAsked = fc.record({
  method: fc.constantFrom(...methods), host: fc.constantFrom(...asked), who: fc.constantFrom(...everyone),
  target: fc.oneof(spellingOf(within, 2), spellingOf(within, 4))
})
