/** People as the page lists and names them. */
import type { EndReason } from '../backend/bindings/EndReason';
import type { HistoryEntry } from '../backend/bindings/HistoryEntry';
import type { Peer } from '../backend/bindings/Peer';
import type { Person } from '../backend/bindings/Person';
import { m } from '../paraglide/messages';

export interface Listed {
  /** By the name that is shown for them. */
  readonly peer: Peer;
  /** What the user noted about them. */
  readonly person: Person | null;
  /** What they call themselves, as far as it is known. */
  readonly theirName: string;
  /** A contact, or somebody whom the user called or accepted before. */
  readonly known: boolean;
  /** Their calls, the newest first. */
  readonly calls: readonly HistoryEntry[];
}

/** Everybody to show: those of the history, the latest first, then contacts without calls. */
export function people(history: readonly HistoryEntry[], saved: readonly Person[]): Listed[] {
  const calls = new Map<string, HistoryEntry[]>();
  for (const entry of history) {
    // Half of a pair: when two call each other at once, one of the calls gives way.
    if (entry.reason === 'replaced' && entry.lastedMs === null) continue;
    const before = calls.get(entry.peer.address);
    if (before) before.push(entry);
    else calls.set(entry.peer.address, [entry]);
  }
  const called = [...calls].map(([address, theirs]) => listed(address, theirs, saved));
  const silent = saved.filter((one) => one.contact && !calls.has(one.address));
  const others = silent.map((one) => listed(one.address, [], saved));
  const byName = new Intl.Collator(m.locale());
  return [...called, ...others.sort((a, b) => byName.compare(nameOf(a.peer), nameOf(b.peer)))];
}

function listed(address: string, calls: HistoryEntry[], saved: readonly Person[]): Listed {
  const person = saved.find((one) => one.address === address) ?? null;
  const theirName = calls.find((one) => one.peer.name)?.peer.name ?? person?.theirName ?? '';
  const name = (person?.contact && person.name) || theirName;
  const known = (person?.contact ?? false) || calls.some((one) => one.outgoing || one.accepted);
  return { peer: { address, name }, person, theirName, known, calls };
}

/**
 * The link to dial somebody by: with the name that they give themselves, and the relay that we
 * called them over last. The user's own name for them stays here.
 */
export function linkTo(
  peer: Peer,
  history: readonly HistoryEntry[],
  saved: readonly Person[],
): string {
  const calls = history.filter((one) => one.peer.address === peer.address);
  const person = saved.find((one) => one.address === peer.address);
  const relay = calls.find((one) => one.outgoing)?.relay;
  const theirs = calls.find((one) => one.peer.name)?.peer.name ?? person?.theirName;
  const name = theirs || (person?.name ? '' : peer.name);
  const parts = Object.entries({ relay, name }).flatMap(([key, value]) =>
    value ? `${key}=${encodeURIComponent(value)}` : [],
  );
  return [peer.address, parts.join('&')].filter(Boolean).join('?');
}

/** Those one of whose names holds the text; all without a text. */
export function matching(all: readonly Listed[], text: string): Listed[] {
  const wanted = text.trim().toLocaleLowerCase();
  if (!wanted) return [...all];
  return all.filter(({ peer, theirName }) =>
    [peer.name, theirName].some((name) => name.toLocaleLowerCase().includes(wanted)),
  );
}

/** What to call somebody: their name, else a short form of their address. */
export function nameOf(peer: Peer): string {
  return visibleName(peer.name) || shortAddress(peer.address) || m.someone();
}

/** The name as it may be shown; empty when there is nothing in it to be seen. */
export function visibleName(name: string): string {
  const shown = name.replace(TURNS, '').trim();
  return shown.replace(UNSEEN, '') === '' ? '' : shown;
}

/** Turns the direction of what follows, beyond the name too. */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** What takes part in a name and shows nothing by itself: fillers, joiners, marks, blanks. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{C}\p{Z}\p{M}\u2800]/gu;
/** Letters that run from right to left. */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A name to stand inside a sentence: one that runs the other way cannot turn its words round. */
export function inSentence(peer: Peer): string {
  const name = nameOf(peer);
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}

/** `7q2f…x3kd`: enough to tell two apart, short enough for a line. */
export function shortAddress(address: string): string {
  const bare = address.replace(/^tincan:/, '');
  return bare.length > 12 ? `${bare.slice(0, 4)}…${bare.slice(-4)}` : bare;
}

/** Up to two initials, whole characters even beyond the basic plane; empty without a name. */
export function initials(name: string): string {
  const parts = name.replace(UNSEEN, ' ').trim().split(/\s+/u).filter(Boolean);
  const first = (part: string | undefined) => {
    const letter = part?.match(/\p{L}|\p{N}/u)?.[0] ?? '';
    return letter.toLocaleUpperCase();
  };
  const last = parts.length > 1 ? first(parts.at(-1)) : '';
  return first(parts[0]) + last;
}

/** Which of the eight portrait tints belongs to an address. */
export function tint(address: string): number {
  let hash = 2166136261;
  for (let i = 0; i < address.length; i++) {
    hash = Math.imul(hash ^ address.charCodeAt(i), 16777619);
  }
  return (hash >>> 0) % 8;
}

/** What to write beside a past call. The store keeps reasons as texts; an unknown one is empty. */
export function outcome(entry: HistoryEntry): string {
  const key = `history_reason_${entry.reason as EndReason}` as const;
  return key in m ? m[key]({ direction: entry.outgoing ? 'outgoing' : 'incoming' }) : '';
}

/** Whether a past call deserves attention: it was for us and we were not there. */
export function missed(entry: HistoryEntry): boolean {
  return entry.reason === 'missed';
}

const TIME = new Intl.DateTimeFormat(m.locale(), { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(m.locale(), { day: 'numeric', month: 'short' });
const DAY_OF_YEAR = new Intl.DateTimeFormat(m.locale(), {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

/** `14:02` today, `Yesterday`, else `3 Nov`. */
export function whenText(at: number, now: number): string {
  const then = new Date(at);
  const today = new Date(now);
  const day = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const days = Math.round((day(today).getTime() - day(then).getTime()) / 86_400_000);
  if (days <= 0) return timeText(at);
  if (days === 1) return m.home_yesterday();
  return dateText(at, now);
}

/** `3 Nov`, with the year when it is another one. */
export function dateText(at: number, now: number): string {
  const withYear = new Date(at).getFullYear() !== new Date(now).getFullYear();
  return (withYear ? DAY_OF_YEAR : DAY).format(at);
}

/** `14:02`. */
export function timeText(at: number): string {
  return TIME.format(at);
}
