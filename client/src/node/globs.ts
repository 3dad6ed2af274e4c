/** A segment of a path, but a hidden one. */
const PLAIN = '(?!\\.)[^/]+'

/**
 * Tells whether a relative path with `/` matches one of some patterns, as `path.matchesGlob` does, which not every Node 20
 * has: `*` and `?` stand for characters of one segment, `**` for any number of segments, `{a,b}` for either (not nested);
 * everything else is itself. None of them stands for a dot that begins a segment, so that hidden files must be named.
 */
export function matcherOf(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.flatMap(expandBraces).map((pattern) => new RegExp(`^${translate(pattern)}$`, 'su'))
  return (path) => expressions.some((expression) => expression.test(path))
}

/** Every pattern that one with braces means. */
function expandBraces(pattern: string): string[] {
  const found = /^(?<before>[^{]*)\{(?<choices>[^{}]*,[^{}]*)\}(?<after>.*)$/su.exec(pattern)?.groups
  if (found === undefined) return [pattern]
  const { before = '', choices = '', after = '' } = found
  const rests = expandBraces(after)
  return choices.split(',').flatMap((choice) => rests.map((rest) => before + choice + rest))
}

function translate(pattern: string): string {
  const segments = pattern.split('/')
  return segments.map((segment, i) => translateSegment(segment, i === segments.length - 1)).join('')
}

function translateSegment(segment: string, isLast: boolean): string {
  if (segment === '**') return isLast ? `${PLAIN}(?:/${PLAIN})*` : `(?:${PLAIN}/)*`
  const visible = /^[*?]/.test(segment) ? '(?!\\.)' : ''
  const text = segment.replace(/\*+|\?|[\\^$.()[\]{}|+/]/g, translateSign)
  return `${visible}${text}${isLast ? '' : '/'}`
}

function translateSign(sign: string): string {
  if (sign.startsWith('*')) return '[^/]*'
  return sign === '?' ? '[^/]' : `\\${sign}`
}
