/** Keeps with a job what it takes of a worker, as `[cpu, bytes of memory, bytes of scratch]`; '' is nothing. */
export const sql = `ALTER TABLE jobs ADD COLUMN resources text COLLATE "C" NOT NULL DEFAULT ''`
