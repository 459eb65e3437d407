/** What of TLS the settings say: PEM texts. */
export interface ProviderTls {
  /** Believed instead of the system's authorities. */
  readonly ca?: string | undefined
  /** Shown to a provider that asks who its clients are, with `key`. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** Accept any certificate, whatever it is and for whom. */
  readonly skipVerify?: boolean
}

/** OpenSSL's names for a chain that ends at nobody we believe. */
const UNKNOWN_AUTHORITY = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_UNTRUSTED', 'CERT_SIGNATURE_FAILURE'
])
/** Alerts by which a server speaks of its client's certificate (RFC 8446 §6.2); without one, an older server says no more than that it failed. */
const ABOUT_CLIENT = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)$/
const HUNG_UP = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** As undici takes them. */
export function connectOptions ({ ca, cert, key, skipVerify = false }: ProviderTls): { ca?: string, cert?: string, key?: string, rejectUnauthorized: boolean } {
  return { ...ca !== undefined && { ca }, ...cert !== undefined && { cert }, ...key !== undefined && { key }, rejectUnauthorized: !skipVerify }
}

/** What a failed handshake means in terms of settings, where it is one. */
export function whyTls (code: string | undefined, { ca, cert }: ProviderTls): string | undefined {
  if (code === undefined) return undefined
  if (UNKNOWN_AUTHORITY.has(code)) {
    return ca === undefined
      ? 'the provider’s certificate is not signed by an authority of this system; if it has one of its own, name that in --tls-client-ca'
      : 'the provider’s certificate is not signed by an authority of --tls-client-ca, which counts instead of the system’s'
  }
  if (code === 'CERT_HAS_EXPIRED') return 'the provider’s certificate, or one above it, has expired; it has to be renewed there'
  if (code === 'CERT_NOT_YET_VALID') return 'the provider’s certificate is not valid yet; is this machine’s clock right?'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'the provider’s certificate is for another host; use the name that is in it'
  const client = cert === undefined ? 'the provider asks for a client certificate: set --tls-client-cert and --tls-client-key' : 'the provider refuses the certificate of --tls-client-cert'
  if (ABOUT_CLIENT.test(code)) return code.endsWith('HANDSHAKE_FAILURE') ? `perhaps ${client}` : client
  return HUNG_UP.has(code) ? `if that is so at each request, perhaps ${client}` : undefined
}
