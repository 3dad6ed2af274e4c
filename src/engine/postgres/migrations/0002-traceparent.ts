/** Keeps with a job which trace it belongs to. */
export const sql = 'ALTER TABLE jobs ADD COLUMN traceparent text'
