// What can be measured. A case is a module that exports
//   name, what (a sentence), columns ([key, heading, digits]… of its table)
//   run ({ settings, lab, say }) → { rows, figures, how?, notes?, skipped?, isVoid? }
// rows: { id, title, values: { [key]: { value, least, most } }, … } with whatever else is worth keeping
// figures: what targets go by (../targets.mjs), { id, node?, value, least?, most? } where node is the major version, of what runs on one
// how: for how long, after what, in words; `compare` says it of its bursts
import { cases as names } from '../names.mjs'

export const cases = await Promise.all(names.map(name => import(`./${name}.mjs`)))
