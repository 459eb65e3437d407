/** What is made of a text and whatever else counts for it, or what the connection had made of the same two before. */
export type PerConnection<V, K> = (text: string, of: K, connection: object | undefined) => V

/**
 * Keeps what was made last for each connection, and makes it anew only where that brings something else: a browser says the same host and the same
 * cookies a thousand times over. Comparing a text with itself costs next to nothing, where a table of all of them would take its hash each time.
 *
 * For what comes by no connection, or by one that brings no second request, nothing is kept.
 */
export function perConnection<V, K> (make: (text: string, of: K) => V): PerConnection<V, K> {
  const last = new WeakMap<object, { readonly text: string, readonly of: K, readonly value: V }>()
  return (text, of, connection) => {
    const known = connection === undefined ? undefined : last.get(connection)
    if (known !== undefined && known.text === text && known.of === of) return known.value
    const value = make(text, of)
    if (connection !== undefined) last.set(connection, { text, of, value })
    return value
  }
}
