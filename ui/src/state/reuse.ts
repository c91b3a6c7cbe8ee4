/**
 * Keeps what did not change. Each view arrives whole and freshly parsed; where a part is equal to
 * the part before, the old object is kept, so that nothing that depends on it is computed again.
 */
export function reuse<T>(before: unknown, now: T): T {
  if (before === now || typeof before !== 'object' || typeof now !== 'object') return now;
  if (before === null || now === null || Array.isArray(before) !== Array.isArray(now)) return now;
  const old = before as Record<string, unknown>;
  const fresh = now as Record<string, unknown>;
  const keys = Object.keys(fresh);
  let same = keys.length === Object.keys(old).length;
  for (const key of keys) {
    fresh[key] = reuse(old[key], fresh[key]);
    same &&= fresh[key] === old[key];
  }
  return same ? (before as T) : now;
}
