/** What a text looks like: links, emoji that stand alone, and what was said when and by whom. Pure. */
import type { ChatView } from '../backend/bindings/ChatView';
import type { KeptText } from '../backend/bindings/KeptText';
import type { TextState } from '../backend/bindings/TextState';

/** One text as it is listed. */
export interface Message {
  /** The same for one text whatever becomes of it. */
  readonly key: string;
  readonly call: string;
  readonly number: number;
  readonly mine: boolean;
  readonly at: number;
  readonly text: string;
  readonly state: TextState;
}

/** Texts of one side that follow each other closely, with one time and one fate. */
export interface Run {
  readonly key: string;
  readonly mine: boolean;
  readonly messages: readonly Message[];
  /** A day begins with it. */
  readonly firstOfDay: boolean;
}

/** A part of a text: plain, or a link. */
export interface Piece {
  readonly text: string;
  /** Where it leads, as a browser reads it; null for plain text. */
  readonly link: string | null;
}

/** Bytes of UTF-8 that a text may have. */
export const MAX_BYTES = 16 * 1024;
/** Texts further apart than this have times of their own. */
const RUN_MS = 5 * 60_000;
/** Emoji beyond these are a text. */
const MOST_EMOJI = 3;

/** What was said in calls before and in the running one, oldest first. */
export function messages(kept: readonly KeptText[], chat: ChatView | null): Message[] {
  const call = chat?.call ?? null;
  const now = (chat?.texts ?? []).map((one) => message(chat?.call ?? '', one));
  const first = now[0]?.at ?? Infinity;
  const known = new Set(now.map((one) => one.key));
  const before = kept
    .map((one) => message(one.call, one))
    // What the running conversation is too long to show is still kept.
    .filter((one) => one.call !== call || (!known.has(one.key) && one.at <= first));
  return [...before, ...now];
}

function message(call: string, one: Omit<Message, 'key' | 'call' | 'mine'>): Message {
  const mine = one.state !== 'received';
  const { number, at, text, state } = one;
  return {
    key: `${call}/${mine ? 'mine' : 'theirs'}/${number}`,
    call,
    number,
    mine,
    at,
    text,
    state,
  };
}

/** Puts together what belongs together. A text that failed stands alone. */
export function runs(all: readonly Message[]): Run[] {
  const found: { key: string; mine: boolean; messages: Message[]; firstOfDay: boolean }[] = [];
  let before: Message | null = null;
  for (const one of all) {
    const firstOfDay = before === null || !sameDay(before.at, one.at);
    const run = found.at(-1);
    const joins =
      run !== undefined &&
      before !== null &&
      !firstOfDay &&
      before.mine === one.mine &&
      before.state === one.state &&
      one.state !== 'failed' &&
      one.at - before.at < RUN_MS;
    if (joins) run.messages.push(one);
    else found.push({ key: one.key, mine: one.mine, messages: [one], firstOfDay });
    before = one;
  }
  return found;
}

function sameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** Whether a text has more bytes of UTF-8 than may be said at once. */
export function isTooLong(text: string): boolean {
  return new TextEncoder().encode(text.trim()).length > MAX_BYTES;
}

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"\u2066-\u2069\u200e\u200f]+/giu;
/** What ends a sentence and not a link. */
const TRAILING = new Set('.,;:!?\'"”’…*_~');
/** Closing brackets, with what opens them. */
const BRACKETS = new Map([
  [')', '('],
  [']', '['],
]);

/** The links of a text, and what stands between them. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const written = trimmed(match[0]);
    const link = target(written);
    if (link === null) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), link: null });
    found.push({ text: written, link });
    end = match.index + written.length;
  }
  if (end < text.length) found.push({ text: text.slice(end), link: null });
  return found;
}

/**
 * A link without the marks of the sentence that it stands in: a bracket belongs to it if it was opened
 * there. In linear time: the other side may send whatever fits into {@link MAX_BYTES}.
 */
function trimmed(link: string): string {
  const count = (mark: string) => link.split(mark).length - 1;
  /** How many more brackets close than open in what is left. */
  const surplus = new Map(
    [...BRACKETS].map(([close, open]) => [close, count(close) - count(open)]),
  );
  let end = link.length;
  for (; end > 0; end--) {
    const last = link.charAt(end - 1);
    if (TRAILING.has(last)) continue;
    const unopened = surplus.get(last) ?? 0;
    if (unopened <= 0) break;
    surplus.set(last, unopened - 1);
  }
  return link.slice(0, end);
}

/** Where a link leads; null for what is none, or hides where it leads. */
function target(link: string): string | null {
  const url = URL.parse(link);
  if (!url) return null;
  if (url.protocol === 'mailto:')
    return url.pathname.includes('@') ? `mailto:${url.pathname}` : null;
  return url.username || url.password || !url.hostname ? null : url.href;
}

/** The whole host of a link, or the address that a mail would go to. In ASCII: letters of another script that look alike show. */
export function destination(link: string): string {
  const url = new URL(link);
  return url.protocol === 'mailto:' ? decoded(url.pathname) : url.host;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const EMOJI = /^(?:\p{Regional_Indicator}{2}|\p{Extended_Pictographic}|[0-9#*]\ufe0f?\u20e3)/u;
const SEGMENTER = new Intl.Segmenter();

/** Whether a text is nothing but a few emoji. */
export function isEmoji(text: string): boolean {
  if (text.length > 100) return false;
  const marks = [...SEGMENTER.segment(text.replace(/\s/gu, ''))];
  return (
    marks.length > 0 && marks.length <= MOST_EMOJI && marks.every((one) => EMOJI.test(one.segment))
  );
}
