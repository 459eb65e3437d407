import type { Answer, Visitor } from '../fixtures/visitor.ts'
import { PASSWORD } from './realm.ts'

export type Page = Answer & { readonly address: string }

/** From a link to where the browser ends, over Keycloak's own page. */
export async function signIn (visitor: Visitor, address: string, username: string): Promise<Page> {
  return await typePassword(visitor, await visitor.follow(address), username, PASSWORD)
}

export async function typePassword (visitor: Visitor, page: Pick<Page, 'body' | 'address'>, username: string, password: string): Promise<Page> {
  return await submit(visitor, page, /<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"/, { username, password, credentialId: '' })
}

/** Says yes to “Do you want to log out?”. */
export async function confirm (visitor: Visitor, page: Pick<Page, 'body' | 'address'>): Promise<Page> {
  const [, code = ''] = /name="session_code" value="([^"]+)"/.exec(page.body) ?? []
  return await submit(visitor, page, /<form[^>]*action="([^"]*logout-confirm[^"]*)"/, { session_code: code, confirmLogout: 'Logout' })
}

async function submit (visitor: Visitor, { body, address }: Pick<Page, 'body' | 'address'>, form: RegExp, fields: Record<string, string>): Promise<Page> {
  const action = form.exec(body)?.[1]
  if (action === undefined) throw new Error(`no such form of Keycloak’s at ${address}: ${body}`)
  return await visitor.follow(new URL(unescape(action), address).href, { form: fields })
}

export function unescape (html: string): string {
  return html.replaceAll('&amp;', '&')
}
