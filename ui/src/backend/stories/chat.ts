/** Conversations, and what becomes of them when somebody writes. */
import type { ChatText } from '../bindings/ChatText';
import type { ChatView } from '../bindings/ChatView';
import type { EngineView } from '../bindings/EngineView';
import type { KeptText } from '../bindings/KeptText';
import type { TextState } from '../bindings/TextState';
import { active, BEA, NOW, RTL, type Story, story, SUMMARY } from './base';

const CALL = '00f3a9c2d4e5b617';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Texts in the order of time, each so many minutes before now. */
function texts(said: readonly [minutes: number, state: TextState, text: string][]): ChatText[] {
  const numbers = { mine: 0, theirs: 0 };
  return said.map(([minutes, state, text]) => {
    const number = state === 'received' ? numbers.theirs++ : numbers.mine++;
    return { number, at: NOW - minutes * MINUTE, text, state };
  });
}

function chat(change: Partial<ChatView> = {}): ChatView {
  return { call: CALL, texts: [], unread: 0, typing: false, takes: true, ...change };
}

const TALK = texts([
  [9, 'delivered', 'Can you see the drawing?'],
  [9, 'delivered', 'Page 3, at the bottom.'],
  [8, 'received', 'Yes! The one with the two cans 🥫'],
  [7, 'received', 'Is it this one? https://en.wikipedia.org/wiki/Tin_can_telephone.'],
  [6, 'delivered', 'That one.\n\nThe string has to be taut, or nobody hears anything.'],
  [1, 'received', '👍'],
  [0, 'sent', 'Then let us build it'],
]);

const LONG = texts([
  [
    5,
    'received',
    'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
  ],
  [4, 'delivered', `https://example.org/${'a-long-path/'.repeat(12)}?and=${'x'.repeat(60)}`],
  [3, 'received', 'One line after the other.\n'.repeat(40)],
  [2, 'delivered', 'The quick brown fox jumps over the lazy dog. '.repeat(12)],
]);

const MIXED = texts([
  [5, 'received', 'مرحبا، هل تسمعني جيدا؟'],
  [4, 'delivered', 'شكرا! The link is https://example.org/مرحبا (it works)'],
  [3, 'received', 'نعم 👋🏽'],
  [2, 'received', 'שלום Bea, ראית את 123?'],
  [1, 'delivered', '❤️🎉👩‍🚀'],
]);

const FAILED = texts([
  [3, 'delivered', 'One moment'],
  [2, 'failed', 'I am on the train, the tunnel comes now'],
  [2, 'failed', 'Back in a minute'],
]);

/** What was said in earlier calls with Bea. */
const KEPT: KeptText[] = texts([
  [5 * 60, 'delivered', 'See you at five'],
  [5 * 60 - 1, 'received', 'I will bring the cake 🎂'],
  [5 * 60 - 2, 'failed', 'Do not forget the candles'],
]).map((one) => ({ ...one, at: one.at - DAY, address: BEA.address, call: '00000000000000aa' }));

const open = { panel: 'chat' } as const;

function talking(said: ChatText[], change: Partial<ChatView> = {}, peer = BEA): Story {
  const call = active('connected', { peer }, { chat: chat({ texts: said, ...change }) });
  return story(call, {}, open);
}

export const CHATS = {
  'call-chat': { ...talking(TALK), kept: KEPT },
  'call-chat-empty': talking([]),
  'call-chat-typing': talking(TALK.slice(0, 4), { typing: true }),
  'call-chat-unread': story(
    active('connected', {}, { chat: chat({ texts: TALK.slice(2, 4), unread: 2 }) }),
  ),
  'call-chat-long': talking(LONG),
  'call-chat-rtl': talking(MIXED, { typing: true }, RTL),
  'call-chat-failed': talking(FAILED),
  'call-chat-reconnecting': story(
    active('reconnecting', {}, { chat: chat({ texts: TALK }) }),
    {},
    open,
  ),
  'call-chat-not-taken': talking([], { takes: false }),
  'call-chat-link': story(
    active('connected', {}, { chat: chat({ texts: TALK }) }),
    {},
    { ...open, link: 'http://xn--e1afmkfd.xn--p1ai/a/long/path?with=more' },
  ),
  'call-chat-draft': story(
    active('connected', {}, { chat: chat({ texts: TALK.slice(0, 3) }) }),
    {},
    { ...open, drafts: { [BEA.address]: 'Three lines\nare half written\nhere' } },
  ),
  'ended-undelivered': story({
    call: {
      state: 'ended',
      call: CALL,
      peer: BEA,
      reason: 'connectionLost',
      lastedMs: 187_000,
      outgoing: true,
      resume: 'offered',
    },
    summary: SUMMARY,
    chat: chat({ texts: FAILED }),
  }),
  'home-messages': { ...story({}, {}, { person: BEA.address }), kept: [...KEPT, ...keptNow()] },
  'home-forget': {
    ...story({}, {}, { person: BEA.address, asking: 'forget' }),
    kept: [...KEPT, ...keptNow()],
  },
} satisfies Record<string, Story>;

function keptNow(): KeptText[] {
  return TALK.map((one) => ({
    ...one,
    state: one.state === 'sent' ? 'failed' : one.state,
    address: BEA.address,
    call: CALL,
  }));
}

/** The user says something. */
export function said(engine: EngineView, text: string): EngineView {
  const before = engine.chat ?? chat();
  const number = before.texts.filter((one) => one.state !== 'received').length;
  const one: ChatText = { number, at: Date.now(), text: text.trim(), state: 'sent' };
  return { ...engine, chat: { ...before, texts: [...before.texts, one] } };
}

/** All that was sent is there. */
export function delivered(engine: EngineView): EngineView {
  if (!engine.chat) return engine;
  const there = (one: ChatText): ChatText =>
    one.state === 'sent' ? { ...one, state: 'delivered' } : one;
  return { ...engine, chat: { ...engine.chat, texts: engine.chat.texts.map(there) } };
}

/** The conversation is open, or not any more. */
export function read(engine: EngineView, isOpen: boolean): EngineView {
  if (!engine.chat || !isOpen) return engine;
  return { ...engine, chat: { ...engine.chat, unread: 0 } };
}
