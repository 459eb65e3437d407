// Flags of a command for who works on the gate: node:util's, with an error that says in a line what there is.
import { parseArgs } from 'node:util'

/**
 * Ends the process where something is wrong.
 *
 * @param options as parseArgs has them; `fits` is asked of each value, and `is` says in words what would
 * @param words the same of what is no flag, with a `name`; without it there may be no such word
 * @returns the values, and `words` where there may be any
 */
export function parseFlags (options, words) {
  const there = [...words === undefined ? [] : [`${words.name}…`], ...Object.entries(options).map(([name, { type }]) => `--${name}${type === 'boolean' ? '' : '=…'}`)]
  const wrong = sentence => {
    console.error(`${sentence}. There is ${there.join(', ')}.`)
    process.exit(1)
  }
  let [values, positionals] = [{}, []]
  try {
    ({ values, positionals } = parseArgs({ options, allowPositionals: words !== undefined }))
  } catch ({ message }) {
    wrong(message.split(/\.\s/, 1).join())
  }
  for (const [name, { is, fits }] of Object.entries(options)) if (fits !== undefined && values[name] !== undefined && !fits(values[name])) wrong(`--${name}=${values[name]} is not ${is}`)
  for (const word of positionals) if (!words.fits(word)) wrong(`${word} is not ${words.is}`)
  return words === undefined ? values : { ...values, words: positionals }
}
