/** How the keys of a listing are read: S3 escapes them as a form would when it says so, XML cannot carry every character. */
export function keysOf(page: { EncodingType?: string | undefined }): (key: string) => string {
  return page.EncodingType === 'url' ? decodeKey : (key) => key
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '))
}
