/** The samples of a call as text for others: JSON, and CSV for a table. Names as in W3C webrtc-stats. */
import type { Sample } from './history.svelte';

/** All samples, as JSON. */
export function asJson(samples: readonly Sample[]): string {
  const rows = samples.map(({ at, stats, quality }) => ({ at: time(at), ...stats, quality }));
  return JSON.stringify(rows, null, 1);
}

/** A row a second under a row of names (RFC 4180). */
export function asCsv(samples: readonly Sample[]): string {
  const rows = samples.map(({ at, stats, quality }) => ({
    at: time(at),
    ...stats,
    sendQuality: quality?.send.level ?? null,
    sendCause: quality?.send.cause ?? null,
    receiveQuality: quality?.receive.level ?? null,
    receiveCause: quality?.receive.cause ?? null,
  }));
  const names = Object.keys(rows.at(-1) ?? {});
  const lines = rows.map((row) => names.map((name) => cell(row[name as keyof typeof row])));
  return [names, ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

function time(at: number): string {
  return new Date(at).toISOString();
}

/** Numbers, and words of ours: nothing that needs quotes. */
function cell(value: unknown): string {
  return value === null || value === undefined ? '' : String(value as string | number | boolean);
}
