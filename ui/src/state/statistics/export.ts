/** The samples of a call as text for others: JSON, and CSV for a table. Names as in W3C webrtc-stats. */
import type { Sample } from './history.svelte';

/** Numbers, and words of ours: nothing that needs quotes. */
type Cell = string | number | null;
type Row = Readonly<Record<string, Cell>>;

/** All samples, as JSON. */
export function asJson(samples: readonly Sample[]): string {
  const rows = samples.map(({ at, stats, quality }) => ({ at: time(at), ...stats, quality }));
  return JSON.stringify(rows, null, 1);
}

/** A row a second under a row of names (RFC 4180). */
export function asCsv(samples: readonly Sample[]): string {
  const rows = samples.map(({ at, stats: { screen, ...stats }, quality }): Row => ({
    at: time(at),
    ...stats,
    ...prefixed('screen', screen),
    sendQuality: quality?.send.level ?? null,
    sendCause: quality?.send.cause ?? null,
    receiveQuality: quality?.receive.level ?? null,
    receiveCause: quality?.receive.cause ?? null,
  }));
  const names = Object.keys(rows.at(-1) ?? {});
  const lines = rows.map((row) => names.map((name) => cell(row[name] ?? null)));
  return [names, ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

function time(at: number): string {
  return new Date(at).toISOString();
}

/** Each name as in the JSON, behind that of the group which it belongs to. */
function prefixed(group: string, figures: Row): Row {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [`${group}.${name}`, value]),
  );
}

function cell(value: Cell): string {
  return value === null ? '' : String(value);
}
