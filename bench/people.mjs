// Sessions of as many people as one likes, made as a sign-in makes them and from a real one.
import { outside } from '../build/src/outside.js'
import { createCookieJar } from '../build/src/session/cookies.js'
import { keepInCookies, keepInStore } from '../build/src/session/keeping.js'
import { createKeyring } from '../build/src/session/keyring.js'
import { createRedisStore } from '../build/src/session/store/redis.js'
import { redisAddress } from '../build/src/config/kinds/store.js'
import { COOKIE_SECRET } from '../build/test/fixtures/gate.js'
import { cookiesOf } from '../build/test/fixtures/visitor.js'

const jar = createCookieJar({ name: 'site', port: 0, path: '/', sameSite: 'lax' }, false)
const seal = createKeyring(COOKIE_SECRET, [], outside).session

/** Three tokens as long as those of Keycloak: 3.4 KB together. */
const TOKENS = tokensOf(1300, 800, 1300)

/** @param access how long each is */
export function tokensOf (access, refresh, id) {
  return { access: text(access), refresh: text(refresh), id: text(id), expiresAt: Date.now() + 3_600_000 }
}

function text (length) {
  return outside.random(length).toString('base64url').slice(0, length)
}

export async function openStore (redis) {
  return await createRedisStore({ address: redisAddress.parse(redis.url), outside })
}

/** @param visitor who has signed in at such a gate @param store where it keeps sessions, if not in cookies */
export async function peopleLike (visitor, store) {
  const cookie = jar.readSession(cookiesOf(visitor))
  const gate = /^\w+ 1 site (\S+)\n/.exec(seal.open(cookie).toString())[1]
  const options = { seal, outside, gate }
  const keeping = store === undefined ? keepInCookies(options) : keepInStore({ ...options, store })
  const { session } = await keeping.read(jar, cookie)
  return {
    gate,
    sessionOf: index => ({ ...session, id: outside.random(16).toString('base64url'), identity: { ...session.identity, subject: `person-${index}`, user: `person${index}@example.com`, email: `person${index}@example.com` } }),
    /** @param tokens whether they have some, or which @returns the `Cookie` headers of so many */
    async begin (count, { tokens = false } = {}) {
      const headers = []
      for (let index = 0; index < count; index++) {
        const token = await keeping.begin(jar, { ...this.sessionOf(index), ...tokens && { tokens: tokens === true ? TOKENS : tokens } })
        headers.push(jar.writeSession(token, 60_000, '').map(({ name, value }) => `${name}=${value}`).join('; '))
      }
      return headers
    }
  }
}
