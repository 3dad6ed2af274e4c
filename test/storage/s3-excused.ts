import type { ExcusedRules } from '../conformance/object-store.ts'
import type { S3Server } from '../support/s3-server.ts'

const COLLAPSED = 'URL parsers resolve the segments . and .., and a presigned S3 URL has no other way to name the key'

/** S3's own limits: what no S3 server can do. */
const S3: ExcusedRules = {
  'the signed URL of a key with the segment .. leads to it': COLLAPSED,
  'the signed URL of a key that is only .. leads to it': COLLAPSED,
  'the signed URL of a key with the segment . leads to it': COLLAPSED,
}

const PATHS = 'versitygw keeps objects as files under their keys: it refuses .. and drops . and empty segments'
const LONG_NAME = 'versitygw keeps objects as files under their keys: a name has at most 255 bytes'
const FOLDER = 'versitygw keeps objects as files under their keys: a folder cannot hold bytes of its own'

const NO_PARTS = 'fauxqs has no ListParts'
const ORDER = 'fauxqs lists in the order of UTF-16 code units'

/** What the servers of the tests cannot do, by the title of the rule: their own limits, not those of the S3 store. */
export const EXCUSED: Readonly<Record<S3Server['name'], ExcusedRules>> = {
  given: S3,
  versitygw: {
    ...S3,
    'a key with the segment .. is kept as it is': PATHS,
    'a key that is only .. is kept as it is': PATHS,
    'a key with the segment . is kept as it is': PATHS,
    'a key with empty segments is kept as it is': PATHS,
    'a key that begins with a slash is kept as it is': PATHS,
    'a key that ends with a slash is kept as it is': FOLDER,
    'the signed URL of a key that ends with a slash leads to it': FOLDER,
    'one key may be the beginning of another': FOLDER,
    'a key of 1,024 bytes in one segment is kept as it is': LONG_NAME,
    'the signed URL of a key of 1,024 bytes in one segment leads to it': LONG_NAME,
    'a key of 1,024 bytes in characters of several is kept as it is': LONG_NAME,
    'the signed URL of a key of 1,024 bytes in characters of several leads to it': LONG_NAME,
    'a key with control characters is kept as it is': 'versitygw lists without regard to encoding-type=url',
    'any set of keys is put, listed, read and deleted': PATHS,
  },
  fauxqs: {
    ...S3,
    'a key with control characters is kept as it is': 'fauxqs lists without regard to encoding-type=url',
    'more than 1,000 objects are listed in the order of their bytes': ORDER,
    'any set of ordinary keys is put, listed, read and deleted': ORDER,
    'any set of keys is put, listed, read and deleted': ORDER,
    'received parts are listed by number': NO_PARTS,
    'of one part sent twice at once, one whole copy counts': NO_PARTS,
    'a part of another size than announced is refused': NO_PARTS,
    'an aborted upload is gone, and aborting again is no fault': NO_PARTS,
    'every upload below a prefix is dropped, and no other': NO_PARTS,
    'an upload that was never opened is not found': NO_PARTS,
    'an upload is not completed with a wrong ETag, and the error names the part': NO_PARTS,
    'an upload is not completed without all its parts, and the error names one': NO_PARTS,
    'a signed part URL refuses a body of another size': 'fauxqs checks no signature',
  },
}
