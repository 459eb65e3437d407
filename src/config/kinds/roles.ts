import { roleNamed, ROLES, type Role } from '../../identity/role.ts'
import { Problem } from '../config-error.ts'
import { asItems, asText, type Kind } from './kind.ts'
import { items } from './scalars.ts'

/** A role as Grafana has them. */
export const role: Kind<Role, Role> = {
  shape: ROLES.join('|'),
  parse: raw => {
    const found = roleNamed(asText(raw).trim())
    if (found === undefined) throw new Problem(`must be one of ${ROLES.join(', ')}`)
    return found
  }
}

/** Roles, separated by commas or spaces. */
export const roles: Kind<readonly Role[], readonly string[] | string> = {
  shape: 'role,role',
  repeatable: true,
  parse: raw => items(asItems(raw, /[\s,]+/).map(role.parse))
}
