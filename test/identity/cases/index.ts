import type { IdentityCase } from './case.ts'
import { compat } from './compat.ts'
import { email, upn } from './email.ts'
import { emails } from './emails.ts'
import { groups } from './groups.ts'
import { organizations, teams } from './memberships.ts'
import { login, name, user } from './names.ts'
import { roles } from './role.ts'
import { sources } from './sources.ts'

/** Every step and edge of how somebody becomes an identity, in the order in which Grafana's algorithm has them. */
export const cases: readonly IdentityCase[] = [...sources, ...email, ...upn, ...emails, ...login, ...name, ...user, ...roles, ...groups, ...teams, ...organizations, ...compat]
