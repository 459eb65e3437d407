import { createHash } from 'node:crypto'

/** A picture that loadConfig has read; its type is what its bytes say. */
export interface LogoFile {
  readonly bytes: Buffer
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif' | 'image/svg+xml'
}

/** A picture to be sent. */
export interface Picture {
  readonly body: Buffer
  readonly type: string
}

export interface Logo {
  /** For the query of its address: another picture has another word. */
  readonly version: string
  /** @param asked what came after the logo's own path: `images/logo_stacked.png` in Panel's templates */
  picture (asked: string): Picture
}

/** A door ajar: for templates of a site without a logo. */
const MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48"><rect width="48" height="48" rx="12" fill="#2455c3"/><path d="M27 13h6a3 3 0 0 1 3 3v16a3 3 0 0 1-3 3h-6M12 24h15M21 18l6 6-6 6" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'

/**
 * For a picture that is opened by itself: nothing in it runs or loads. In a page it is an image, where nothing runs anyway.
 * A style of its own may stay: many drawings are coloured by one.
 */
export const LOGO_POLICY = 'default-src \'none\'; style-src \'unsafe-inline\'; img-src data:; sandbox; frame-ancestors \'none\''

/** Made once: the picture as it is, and in the two frames for which Panel's templates have given sizes. */
export function createLogo (file: LogoFile = { bytes: Buffer.from(MARK), type: 'image/svg+xml' }): Logo {
  const whole = { body: file.bytes, type: file.type }
  const wide = framed(file, 300, 60, 'xMinYMid')
  const stacked = framed(file, 150, 120, 'xMidYMid')
  return {
    version: createHash('sha256').update(file.bytes).digest('hex').slice(0, 8),
    picture: asked => asked.endsWith('logo_horizontal.png') ? wide : asked.endsWith('logo_stacked.png') ? stacked : whole
  }
}

// Their <img> has a width and a height: any other picture would be drawn out of shape.
function framed ({ bytes, type }: LogoFile, width: number, height: number, place: string): Picture {
  const picture = `data:${type};base64,${bytes.toString('base64')}`
  return {
    type: 'image/svg+xml',
    body: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><image href="${picture}" width="${width}" height="${height}" preserveAspectRatio="${place} meet"/></svg>`)
  }
}
