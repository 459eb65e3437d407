import { html } from './html.ts'

export interface FormFault { readonly message: string, readonly fix: string }

const FORM = /<form\b(?:[^>"']|"[^"]*"|'[^']*')*>/gi
const POSTS = /\smethod\s*=\s*["']?post\b/i
const ACTION = /\saction\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i

/**
 * Whether a password form drawn from a template can work. What it posts must come back to the gate, whole and with this browser's state;
 * a password that went to the app would be in its log.
 *
 * @param sample what stood for the action and the state when the form was drawn
 * @returns whether the state is in it already
 * @throws what `fault` makes
 */
export function readForms (drawn: string, sample: { readonly action: string, readonly state: string }, fault: (found: FormFault) => Error): boolean {
  const forms = (drawn.match(FORM) ?? []).filter(tag => POSTS.test(tag))
  if (forms.length === 0) throw fault({ message: 'has no form that posts', fix: 'Write <form method="post" action="{{ login_endpoint }}">, with inputs named username and password.' })
  for (const tag of forms) {
    const action = ACTION.exec(tag)?.slice(1).find(value => value !== undefined) ?? ''
    if (action !== sample.action && action !== '') throw fault({ message: `has a form that posts to “${action}”, where nobody waits for it`, fix: 'Write action="{{ login_endpoint }}".' })
  }
  for (const name of ['username', 'password']) {
    if (!new RegExp(`<input\\b[^>]*\\sname\\s*=\\s*["']?${name}["'\\s/>]`, 'i').test(drawn)) throw fault({ message: `has no input named ${name}`, fix: `Write <input name="${name}">.` })
  }
  if (!drawn.includes(sample.state)) return false
  if (new RegExp(`\\svalue\\s*=\\s*["']${sample.state}["']`, 'i').test(drawn) && /\sname\s*=\s*["']?state["'\s/>]/i.test(drawn)) return true
  throw fault({ message: 'has {{ state }} somewhere else than in its form', fix: 'Write <input type="hidden" name="state" value="{{ state }}"> into the form, or leave it out: it is put in then.' })
}

/** Puts the state into each form that posts. Values are escaped, so every form there is is the template's own. */
export function withState (drawn: string, state: string): string {
  const field = html`<input type="hidden" name="state" value="${state}">`.markup
  return drawn.replace(FORM, tag => POSTS.test(tag) ? tag + field : tag)
}
