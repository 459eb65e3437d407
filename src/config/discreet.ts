import { inspect } from 'node:util'
import { privateKey } from './kinds/pem.ts'
import { options, type OptionName } from './options.ts'

/**
 * The same settings, frozen, which say of a secret that it is set wherever somebody prints them whole: `console.log`, an assertion
 * that failed, a logger that was handed them. Who asks for one by its name gets it.
 */
export function discreet<T extends object> (settings: T): T {
  const told = (): object => Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value !== undefined && isSecret(name) ? '(set)' : value]))
  return Object.freeze(Object.defineProperties({ ...settings }, { toJSON: { value: told }, [inspect.custom]: { value: told } }))
}

function isSecret (name: string): boolean {
  const option = Object.hasOwn(options, name) ? options[name as OptionName] : undefined
  return option !== undefined && (('secret' in option && option.secret) || option.parse === privateKey.parse)
}
