import { createPrivateKey, X509Certificate } from 'node:crypto'
import { Problem } from './config-error.ts'
import { asText, type Kind } from './kind.ts'

/** The content of a file of certificates; load.ts reads it. */
export const certificates: Kind<string, string> = {
  shape: 'file',
  reads: true,
  parse: raw => {
    const blocks = asText(raw).match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)
    if (blocks === null) throw new Problem('names a file without a certificate in it', 'A PEM file has a line -----BEGIN CERTIFICATE-----.')
    for (const block of blocks) parsed(() => new X509Certificate(block), 'names a file with a certificate that cannot be read')
    return asText(raw)
  }
}

/** The content of a file with one private key; load.ts reads it. */
export const privateKey: Kind<string, string> = {
  shape: 'file',
  reads: true,
  parse: raw => {
    parsed(() => createPrivateKey(asText(raw)), 'names a file without a private key that can be read')
    return asText(raw)
  }
}

/** Whether the key is that of the first certificate. */
export function belongTogether (certificate: string, key: string): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
}

function parsed (parse: () => unknown, otherwise: string): void {
  try {
    parse()
  } catch {
    throw new Problem(otherwise, 'It must be PEM; a key with a passphrase is not taken.')
  }
}
