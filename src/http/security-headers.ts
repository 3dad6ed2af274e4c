/** A year, in seconds. */
const TLS_SECONDS = 31_536_000

/**
 * What an answer says to browsers, unless its route says otherwise: run nothing of it, show it in no frame, guess no type.
 * What is found at an address is a page to be opened and to go on from: let no other site hold its window or use it as a
 * part, and tell none its address, which may hold a token. Browsers that know no policy are told of frames, too.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

/**
 * What answers to changes say instead: they are no pages. A form of another site may bring one into a window, where it is
 * shut into a sandbox; and it holds nothing of others, for no request is believed for a cookie.
 */
const OF_CHANGES: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'x-content-type-options': 'nosniff',
}

const CHANGING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** Those of an answer, by the method of its request; with TLS in front, browsers are told to stay with it. */
export function securityHeaders(publicUrl: string | undefined): (method: string) => Readonly<Record<string, string>> {
  const isSecure = publicUrl?.startsWith('https:') === true
  const transport = isSecure ? { 'strict-transport-security': `max-age=${TLS_SECONDS}` } : {}
  const [changing, others] = [
    { ...OF_CHANGES, ...transport },
    { ...SECURITY_HEADERS, ...transport },
  ]
  return (method) => (CHANGING.has(method) ? changing : others)
}
