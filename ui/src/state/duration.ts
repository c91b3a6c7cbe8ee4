/** Durations as people read them, and a clock that runs on between two views. */

/** `3:07`, `1:02:09`; never negative. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (n: number) => String(n).padStart(2, '0');
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** A jump of the anchor below this is the jitter of delivery and would only make seconds stutter. */
const JITTER_MS = 400;

/**
 * Moves the moment at which a call began, on the page's clock, so that the time shown runs
 * evenly. `forMs` is the call's age in a view that arrived at `arrived`.
 */
export function anchor(before: number | null, forMs: number, arrived: number): number {
  const began = arrived - forMs;
  return before !== null && Math.abs(began - before) < JITTER_MS ? before : began;
}
