export type Remembering<V, C extends object = object> = (text: string, connection: C) => V

/**
 * Keeps what was made last for each connection, and makes it anew only where that brings another text: a browser says the same host and the same
 * cookies a thousand times over. Comparing a text with itself costs next to nothing, where a table of all of them would take its hash each time.
 */
export function perConnection<V, C extends object = object> (make: Remembering<V, C>): Remembering<V, C> {
  const last = new WeakMap<C, { readonly text: string, readonly value: V }>()
  return (text, connection) => {
    const known = last.get(connection)
    if (known !== undefined && known.text === text) return known.value
    const value = make(text, connection)
    last.set(connection, { text, value })
    return value
  }
}
