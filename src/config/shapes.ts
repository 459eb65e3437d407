import { options, type OptionName } from './options.ts'
import { builtIn } from './providers/choice.ts'

/** A JSON Schema (2020-12) or a piece of one. */
export type Schema = Readonly<Record<string, unknown>>

/** How the values of one shape are written: for people, and for the schema of the file. */
interface Shape {
  /** One sentence or two, in Markdown. Absent where the shape says it all. */
  readonly written?: string
  /** One value, or where the flag may be given several times, one item. */
  readonly schema: Schema
}

// The file keeps numbers as the text they were written as, so a text may look like one.
const text: Schema = { type: ['string', 'number'], pattern: '^\\S(.*\\S)?$' }
const aPath: Schema = { type: 'string', pattern: '^/[^?#;]*$' }
const webUrl = 'https?://[^\\s/?#@\\\\]+([/?][^\\s#\\\\]*)?'

const oneOrMore = (items: Schema): Schema => ({ anyOf: [items, { type: 'array', minItems: 1, items }] })

const rule: Schema = {
  type: 'object',
  required: ['allow'],
  anyOf: [{ required: ['path'] }, { required: ['host'] }, { required: ['methods'] }],
  additionalProperties: false,
  properties: {
    path: { ...aPath, description: 'This path and everything below it; every path unless said. The first rule that covers a request decides, so the longer path stands first.' },
    host: { ...oneOrMore({ type: 'string', pattern: '^(\\*\\.)?([A-Za-z0-9_.-]+|\\[?[0-9A-Fa-f:.]+\\]?)$' }), description: 'The hosts it is for, without scheme and port; *.example.com is what is below example.com. Any other host is refused.' },
    methods: { ...oneOrMore({ type: 'string', pattern: '^[A-Za-z-]+$' }), description: 'The methods it is for. GET is HEAD as well, and a websocket begins with a GET.' },
    reason: { type: 'string', minLength: 1, maxLength: 500, description: 'What whoever it refuses is told.' },
    allow: {
      description: 'Who may pass: public is everybody, and the app is told of nobody; optional everybody, and the app is told who is signed in; signed-in whoever has signed in. Of an object all members must hold.',
      anyOf: [
        { enum: ['public', 'optional', 'signed-in'] },
        { type: 'object', minProperties: 1, additionalProperties: false, properties: {
          groups: { type: 'array', minItems: 1, items: text, description: 'One of these is enough. Compared byte for byte.' },
          roles: { ...oneOrMore({ type: 'string', pattern: '^([Nn]one|[Vv]iewer|[Ee]ditor|[Aa]dmin|[Gg]rafana[Aa]dmin)$' }), description: 'One of these is enough: None, Viewer, Editor, Admin.' },
          emails: { ...oneOrMore({ type: 'string', pattern: '^[^\\s@*]+@[^\\s@*]+$' }), description: 'The address must be one of these.' },
          condition: { type: 'string', minLength: 1, maxLength: 8192, description: 'JMESPath over provider, subject, user, login, email, name, role, groups, teams, organizations and claims; what is not known is null.' },
          provider: { ...oneOrMore(text), description: 'The ids of the providers that people must have signed in by.' }
        } }
      ]
    }
  }
}

const shapes: Readonly<Record<string, Shape>> = {
  text: { schema: text },
  name: { written: 'One word, in any case.', schema: text },
  url: { written: 'An address that begins with `http://` or `https://`, without user name, password and fragment. What secrets and tokens are sent to is `https`, or on this machine. An upstream may have a path before it, `/api=http://localhost:8000`, and may be a socket, `unix:/run/app.sock`.', schema: { type: 'string', pattern: `^${webUrl}$` } },
  'a,b': { written: 'A list.', schema: text },
  'role,role': { written: 'A list of `None`, `Viewer`, `Editor` and `Admin`, in any case; `GrafanaAdmin` is `Admin`.', schema: { type: 'string', pattern: '^([Nn]one|[Vv]iewer|[Ee]ditor|[Aa]dmin|[Gg]rafana[Aa]dmin)$' } },
  'ip,cidr': { written: 'A list of addresses and networks: `10.0.0.7, 10.0.0.0/8, fd00::/8`.', schema: { type: 'string', pattern: '^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$' } },
  origin: { written: 'A list of origins, like `https://other.example.com`. `host` and `host:port` stand for both schemes. `*` is one label of a host, or any port: `*.example.com`, `localhost:*`.', schema: { type: 'string', pattern: '^(https?://)?([^\\s/?#@*\\\\]+|(([A-Za-z0-9_-]+|\\*)\\.)+([A-Za-z0-9_-]+|\\*))(:[0-9]+|:\\*)?$' } },
  host: { written: 'A list of hosts, `app.example.com` or `app.example.com:8443`; without a port it is 443. `.example.com`, or `*.example.com`, is each host below that one. They are led to by https; `localhost:5006` and other names of this machine by http too.', schema: { type: 'string', pattern: '^(\\*?\\.)?[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*(:[1-9][0-9]{0,4})?$' } },
  'key,key': { written: 'A list of keys as `oauth-gate oauth-secret` prints them: 32 bytes in url-safe base64.', schema: { type: 'string', pattern: '^[A-Za-z0-9+/_-]{43}=$' } },
  'yes|no': { written: '`1`, `true`, `yes`, `on`, or `0`, `false`, `no`, `off`, in any case. A flag that stands alone means yes.', schema: { enum: [true, false, 'true', 'false', 'yes', 'no', 'on', 'off', 1, 0, '1', '0'] } },
  number: { written: 'A whole number.', schema: { type: ['integer', 'string'], pattern: '^[0-9]{1,15}$' } },
  'number|auto': { written: 'A whole number, or `auto`.', schema: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string', pattern: '^([0-9]{1,3}|auto)$' }] } },
  days: { written: 'A number of days greater than 0; `0.5` is twelve hours.', schema: { type: ['number', 'string'], exclusiveMinimum: 0, maximum: 36_500, pattern: '^([0-9]{1,6}(\\.[0-9]{0,12})?|\\.[0-9]{1,12})$' } },
  time: { written: 'Seconds, `30` or `1.5`, or with a unit: `500ms`, `30s`, `2m`, `1h`.', schema: { type: ['number', 'string'], exclusiveMinimum: 0, pattern: '^[0-9]{1,12}(\\.[0-9]{1,9})?\\s*(ms|s|m|h)?$' } },
  'time|off': { written: 'A time, `30m`, or `off`.', schema: { type: ['number', 'string', 'boolean'], minimum: 0, not: { const: true }, pattern: '^([0-9]{1,12}(\\.[0-9]{1,9})?\\s*(ms|s|m|h)?|off|no|never|false)$' } },
  path: { written: 'A path that begins with `/`, in plain segments: no encoding, no `//`, no `;`, no dot at the end of a segment.', schema: aPath },
  subpath: { written: 'A path in plain segments, whose `/` in front may be left out.', schema: { type: 'string', pattern: '^[^?#;]*$' } },
  ip: { written: 'An IP address or a host name, without port and brackets.', schema: { type: 'string', pattern: '^[A-Za-z0-9_.:-]+$' } },
  domain: { written: 'A domain with at least one dot, without scheme and port.', schema: { type: 'string', pattern: '^\\.?[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$' } },
  contact: { written: 'An email address, or an address that begins with `https://`.', schema: { type: 'string', pattern: '^([^\\s@/]+@[^\\s@/]+|https://[^\\s@\\\\]+)$' } },
  file: { written: 'The name of a file, seen from the folder where the gate is started.', schema: { type: 'string', pattern: '^\\S(.*\\S)?$' } },
  password: { written: 'A password, its bcrypt or argon2id hash, or the name of a file with a line `name:hash` for each person, or JSON, `{"name": "password or hash"}`. What looks like the path of a file and is none stops the start.', schema: text },
  jmespath: { written: 'A JMESPath expression in Grafana’s dialect: `info.groups`, `contains(groups, \'admins\') && \'Admin\' || \'Viewer\'`. Texts stand in apostrophes, and names with other signs than letters, digits and `_` in double quotes.', schema: { type: 'string', minLength: 1, maxLength: 8192 } },
  'name=jmespath': { written: 'A name, `=` and a JMESPath expression. Several are a flag given several times, a list, or a map, also as JSON: `{ X-WEBAUTH-USER: login, Remote-Groups: "join(\',\', groups)" }`. A header’s expression sees the identity (`provider`, `subject`, `user`, `login`, `email`, `name`, `role`, `groups`, `teams`, `organizations`, `claims`), a claim’s the claims.', schema: { type: 'string', pattern: '^\\s*[^\\s=]+\\s*=[^]*\\S' } },
  dict: { written: 'A Python dict or JSON in quotes: `"{\'prompt\': \'consent\'}"`. In a file also plain keys and values.', schema: { type: ['object', 'string'], propertyNames: { minLength: 1 }, additionalProperties: { type: ['string', 'number', 'boolean', 'null', 'object', 'array'], items: { type: ['string', 'number', 'boolean'] } } } },
  providers: { written: 'A list, `{ id: work, label: Work, oauth_provider: okta, oauth_key: …, user_prefix: \'work:\' }`, with the keys of this page under “Who signs people in”.', schema: { type: 'array', minItems: 1, items: { type: 'object' } } },
  'path,path': { written: 'A list of paths: `/app` is that page with `ws`, `metadata` and `autoload.js` directly below it, `/` the home page so, `/pub/*` all that is below `/pub`.', schema: { type: 'string', pattern: '^/[^?#;]*$' } },
  '[method=]regex': { written: 'A list of expressions in the syntax of Go (RE2), each of which has to be the whole path, with a method before `=` or for any: `GET=^/files/[^/]+$`. Written with `!=` it is every path in which the expression is not found.', schema: { type: 'string', minLength: 1 } },
  'cookie|memory|redis-url': { written: '`cookie`, `memory`, or the address of a Redis as for `--revocation-store`.', schema: { type: 'string', pattern: '^([Cc]ookie|[Mm]emory|(redis|valkey)s?([+-](sentinel|cluster))?://[^\\s#]+)$' } },
  'redis-url': { written: '`redis://USER:PASSWORD@HOST:6379/0`, of which all but the host may be left out; `rediss://` for TLS. With sentinels `redis+sentinel://HOST:26379,HOST:26379/MASTER/0`, which takes `?sentinel-user=…&sentinel-password=…`, and for a cluster `redis+cluster://HOST:6379,HOST:6379`. Signs in a password are percent-encoded.', schema: { type: 'string', pattern: '^(redis|valkey)s?([+-](sentinel|cluster))?://[^\\s#]+$' } },
  list: { written: 'A list of rules, `{ path: /admin, allow: { groups: [admins] } }`. `path` is that path and everything below, and there may be `host` and `methods` too; the first rule that covers a request decides. `allow` is `public` (everybody, and the app is told of nobody), `optional` (everybody, and the app is told who is signed in), `signed-in`, or an object of `groups`, `roles`, `emails`, `provider` and `condition`, a JMESPath over the identity: all of them must hold. `reason` is what whoever is refused is told.', schema: { type: 'array', minItems: 1, items: rule } }
}

/** The shapes of the table that need words, in its order, each once. */
export function writtenShapes (): readonly (readonly [shape: string, written: string])[] {
  const used = [...new Set(Object.values(options).map(({ shape }) => shape))]
  return used.flatMap(shape => {
    const written = shapes[shape]?.written
    return written === undefined ? [] : [[shape, written] as const]
  })
}

/**
 * What the configuration file may hold for one setting. It takes one spelling of each word, in lower case; the gate takes any.
 *
 * @throws {Error} for a shape that is not described above
 */
export function valueSchema (option: OptionName): Schema {
  const { shape, repeatable } = options[option]
  if (option === 'upstream') return severalOf({ type: 'string', pattern: `^(/[^=]*=)?(${webUrl}|unix:(//)?/[^/?#][^?#]*)$` })
  if (option === 'oauthProvider') return { anyOf: [{ enum: builtIn }, { type: 'string', pattern: '^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z][a-z0-9_-]*$', description: 'A plugin, by its npm package: custom is oauth-gate-provider-custom.' }] }
  const known = shapes[shape]
  if (known === undefined && /^[\w-]+(?:\|[\w-]+)+$/.test(shape)) return choiceOf(shape.split('|'))
  if (known === undefined) throw new Error(`src/config/shapes.ts does not say how <${shape}> is written, which is the shape of ${option}`)
  if (shape === 'name=jmespath') return { anyOf: [known.schema, { type: 'array', minItems: 1, items: known.schema }, { type: 'object', minProperties: 1, propertyNames: { pattern: '^\\S+$' }, additionalProperties: { type: 'string', pattern: '\\S' } }] }
  const range = rangeOf(option)
  return repeatable === true ? severalOf(known.schema) : { ...known.schema, ...range !== undefined && { minimum: range[0], maximum: range[1] } }
}

/** The least and the greatest that a whole number may be. */
export function rangeOf (option: OptionName): readonly [min: number, max: number] | undefined {
  const spec = options[option]
  return 'min' in spec ? [spec.min, spec.max] : undefined
}

// To YAML `true` is no text, and it is what many write for on.
function choiceOf (words: readonly string[]): Schema {
  return { enum: words.includes('on') && words.includes('off') ? [...words, true, false] : words }
}

// Of items in one text only the first is looked at: the grammar of the rest is the gate's.
function severalOf ({ type, pattern }: Schema): Schema {
  const first = String(pattern).replace(/^\^|\$$/g, '')
  return { anyOf: [{ type: 'array', minItems: 1, items: { type, pattern } }, { type, pattern: `^[\\s,]*(\\[|(${first})([\\s,]|$))` }] }
}
