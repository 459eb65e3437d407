// What can be measured, in the order in which it is. A case is a module that exports
//   name, what (a sentence), columns ([key, heading, digits]… of its table)
//   run ({ settings, lab, say }) → { rows, figures, notes?, skipped?, isVoid? }
// rows: { id, title, values: { [key]: { value, least, most } }, … } with whatever else is worth keeping
// figures: what targets go by (../targets.mjs), { id, node?, value, least?, most? } where node is the major version, of what runs on one
const names = ['1k', 'c2', '64k', '10m', 'rate', 'sessions', 'websocket', 'memory', 'start', 'growth']

const cases = await Promise.all(names.map(name => import(`./${name}.mjs`)))

/** @param wanted all if empty */
export function casesNamed (wanted) {
  const unknown = wanted.filter(name => !names.includes(name))
  if (unknown.length > 0) throw new Error(`There is no case ${unknown.join(', ')}; there are ${names.join(', ')}.`)
  return wanted.length === 0 ? cases : cases.filter(({ name }) => wanted.includes(name))
}
