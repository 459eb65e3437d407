import { asItems, type Kind } from './kind.ts'
import { choice, items } from './scalars.ts'

type Role = 'None' | 'Viewer' | 'Editor' | 'Admin'

const role = choice<Role>(['None', 'Viewer', 'Editor', 'Admin'], { none: 'None', viewer: 'Viewer', editor: 'Editor', admin: 'Admin', grafanaadmin: 'Admin' })

/** Roles as Grafana has them, separated by commas or spaces. */
export const roles: Kind<readonly Role[], readonly string[] | string> = {
  shape: 'role,role',
  repeatable: true,
  parse: raw => items(asItems(raw, /[\s,]+/).map(role.parse)) as readonly Role[]
}
