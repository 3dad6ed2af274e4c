/** Counts the log lines that a job was ever given, so that lines whose writing got no answer are not written again. */
export const sql = 'ALTER TABLE jobs ADD COLUMN log_lines integer NOT NULL DEFAULT 0'
