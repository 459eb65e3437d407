import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { Problem } from '../config-error.ts'
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

/** The content of a file with one private key; load.ts reads it. Whether the passphrase of an encrypted one is right is asked with it at hand. */
export const privateKey: Kind<string, string> = {
  shape: 'file',
  reads: true,
  parse: raw => {
    const value = asText(raw)
    if (!isEncrypted(value)) parsed(() => createPrivateKey(value), 'names a file without a private key that can be read')
    return value
  }
}

/** RFC 7468 §11, and the older form that OpenSSL writes. */
function isEncrypted (key: string): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key)
}

/** The key itself, or null where the passphrase does not open it. */
export function openKey (key: string, passphrase: string | undefined): KeyObject | null {
  try {
    return createPrivateKey({ key, ...passphrase !== undefined && { passphrase } })
  } catch {
    return null
  }
}

/** Whether the key is that of the first certificate. */
export function belongTogether (certificate: string, key: KeyObject): boolean {
  return new X509Certificate(certificate).checkPrivateKey(key)
}

function parsed (parse: () => unknown, otherwise: string): void {
  try {
    parse()
  } catch {
    throw new Problem(otherwise, 'It must be PEM.')
  }
}
