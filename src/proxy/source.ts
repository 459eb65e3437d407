/** How far what was read may be kept: as long as anybody likes; for the call in which it is given; or longer, if the source is told in that call that its buffer is taken over. */
export type Lent = 'no' | 'now' | 'own'

/** Whoever reads from the app. */
export interface Source {
  pause (): void
  resume (): void
  /** Of what is given now; it is nobody else's unless said. */
  readonly lent?: Lent
  takeOver? (): void
}
