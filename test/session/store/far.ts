import { createNews, NEWS, type News } from '../../../src/session/news.ts'
import type { Seal } from '../../../src/session/seal.ts'
import type { Store } from '../../../src/session/store/store.ts'

/** A memory as one that is elsewhere, and can be heard at once. */
export function farAway (memory: Store): Store {
  return {
    ...memory, reach: 'network',
    listen (topic, heard, missed) {
      memory.listen(topic, heard)
      missed?.()
    }
  }
}

/** News as one gate tells and hears them. */
export function heardNews (options: { readonly store: Store, readonly seal: Seal, readonly gate: string }): News {
  const news = createNews(options)
  options.store.listen(NEWS, word => { news.hear(word) })
  return news
}
