/** Who someone is, in our words. A name is a person only together with its provider. Empty texts are absent fields. */
export interface Identity {
  readonly provider: string
  readonly subject: string
  /** The customer of the provider whose account this is, where a provider has several. */
  readonly tenant?: string
  readonly user: string
  readonly login?: string
  readonly email?: string
  readonly name?: string
  readonly role?: string
  readonly groups: readonly string[]
  readonly teams: readonly string[]
  readonly organizations: readonly string[]
  /** The claims a setting asked to keep, by name. */
  readonly claims: Readonly<Record<string, unknown>>
}
