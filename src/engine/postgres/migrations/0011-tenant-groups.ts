/** A tenant's jobs without a group are the first of its groups, which lie side by side in the index. */
export const sql = "UPDATE jobs SET grp = grp || '/' WHERE tenant <> '' AND grp = chr(1) || tenant"
