/** What stands where a secret was. */
const REDACTED = '[redacted]'

/** A literal shorter than this is no secret worth the name, and would take common words out of the log. */
const SHORTEST_LITERAL = 8

/** Fields and parameters whose value is nobody's business, whatever it is. */
const NAMES = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api[-_]?keys?',
  'password',
  'passwd',
  'secret',
  'client[-_]?secret',
  'secret[-_]?(?:access[-_]?)?key',
  'signing[-_]?secret',
  'private[-_]?key',
  '(?:access|refresh|session|security|bearer|id)?[-_]?token',
  'x-amz-(?:signature|credential|security-token)',
  'aws-?access-?key-?id',
  'signature',
  'sig',
].join('|')

const RULES: readonly (readonly [RegExp, string])[] = [
  // A field of the line itself, or of JSON within a text of it, whose quotes are then escaped.
  [new RegExp(`(\\\\?"(?:${NAMES})\\\\?"\\s*:\\s*\\\\?")(?:[^"\\\\]|\\\\.)*`, 'gi'), `$1${REDACTED}`],
  // A header as text. Its value may have several words.
  [/\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[:=]\s*)(?!\[redacted\])[^"\\]+/gi, `$1$2${REDACTED}`],
  [/\bBearer\s+[\w.~+/=-]{8,}/gi, `Bearer ${REDACTED}`],
  // A parameter of a URL, of a form or of a signature.
  [new RegExp(`\\b(${NAMES}|credential)=(?!\\[redacted\\])[^&\\s"'\\\\#,;]+`, 'gi'), `$1=${REDACTED}`],
  // A read token.
  [/\blst_[0-9a-z]{1,8}\.[\w-]{43}/g, REDACTED],
  // Credentials in a URL.
  [/:\/\/[^\s/"'\\@]+@/g, `://${REDACTED}@`],
]

/** Takes secrets out of text, which may be a line of JSON and stays one. */
export interface Redactor {
  (text: string): string
  /** Takes these out, too, wherever they stand, from now on. */
  learn(secrets: readonly string[]): void
}

/**
 * Takes out what looks like a secret, whoever logged it: values of fields and parameters that are named like one,
 * authorization headers, credentials in URLs, signatures of signed URLs; and the `secrets` given, wherever they stand.
 */
export function redactor(secrets: readonly string[]): Redactor {
  const literals = new Set<string>()
  const learn = (more: readonly string[]): void => {
    for (const spelling of more.flatMap(spellings)) if (spelling.length >= SHORTEST_LITERAL) literals.add(spelling)
  }
  const redact = (text: string): string => {
    let clean = text
    for (const literal of literals) clean = clean.replaceAll(literal, REDACTED)
    for (const [pattern, replacement] of RULES) clean = clean.replace(pattern, replacement)
    return clean
  }
  learn(secrets)
  return Object.assign(redact, { learn })
}

/** How a secret may stand in a line: as it is, within JSON, within a URL. */
function spellings(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
}
