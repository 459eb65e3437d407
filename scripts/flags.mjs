// Flags of a command for who works on the gate: node:util's, with an error that says in a line what there is.
import { parseArgs } from 'node:util'

/** @param options as parseArgs has them; `fits` is asked of each value, and `is` says in words what would. Ends the process with 2 where one is wrong. */
export function parseFlags (options) {
  const wrong = sentence => {
    console.error(`${sentence}\nThere is ${Object.entries(options).map(([name, { type }]) => `--${name}${type === 'boolean' ? '' : '=…'}`).join(', ')}.`)
    process.exit(2)
  }
  let values = {}
  try {
    ({ values } = parseArgs({ options }))
  } catch ({ message }) {
    wrong(message.split('. ', 1).join())
  }
  for (const [name, { is, fits }] of Object.entries(options)) if (fits !== undefined && values[name] !== undefined && !fits(values[name])) wrong(`--${name}=${values[name]} is not ${is}`)
  return values
}
