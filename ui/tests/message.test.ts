import { describe, expect, test } from 'vitest';

import type { ChatText } from '../src/backend/bindings/ChatText';
import type { ChatView } from '../src/backend/bindings/ChatView';
import type { KeptText } from '../src/backend/bindings/KeptText';
import { Heard } from '../src/chat/heard';
import {
  destination,
  isEmoji,
  isTooLong,
  MAX_BYTES,
  messages,
  pieces,
  runs,
} from '../src/chat/message';

const links = (text: string) =>
  pieces(text).flatMap((one) => (one.link === null ? [] : [[one.text, one.link]]));

describe('links', () => {
  test.each([
    ['see https://example.org.', 'https://example.org', 'https://example.org/'],
    [
      '(https://en.example/Can_(tin))',
      'https://en.example/Can_(tin)',
      'https://en.example/Can_(tin)',
    ],
    ['HTTP://EXAMPLE.org/A?b=c#d, yes', 'HTTP://EXAMPLE.org/A?b=c#d', 'http://example.org/A?b=c#d'],
    ['https://пример.рф/', 'https://пример.рф/', 'https://xn--e1afmkfd.xn--p1ai/'],
    [
      'mailto:ann@example.org?attach=x',
      'mailto:ann@example.org?attach=x',
      'mailto:ann@example.org',
    ],
    ['“https://a.example/b”', 'https://a.example/b', 'https://a.example/b'],
  ])('%s has one', (text, written, link) => {
    expect(links(text)).toEqual([[written, link]]);
  });

  test.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'https://bank.example@evil.example/',
    'https://user:pass@evil.example/',
    'https://',
    'mailto:nobody',
    'example.org',
    'tincan:7q2f',
  ])('%s is none', (text) => {
    expect(links(text)).toEqual([]);
  });

  test('what stands around them stays', () => {
    const text = 'a https://one.example b\nhttps://two.example!';
    expect(
      pieces(text)
        .map((one) => one.text)
        .join(''),
    ).toBe(text);
    expect(links(text)).toHaveLength(2);
  });

  const many = (MAX_BYTES - 'http://a?x'.length) / 2;
  test.each([
    ['http://a', ')'.repeat(2 * many)],
    [`http://a${'.'.repeat(many)}x`, ')'.repeat(many)],
    [`http://a?${'(.'.repeat(many / 2)}${').'.repeat(many / 2)}`.slice(0, -1), '.'],
  ])('a text that is all marks is read at once (%#)', (link, after) => {
    const began = performance.now();
    const found = pieces(link + after);
    expect(performance.now() - began).toBeLessThan(500);
    expect(found.map((one) => one.text)).toEqual([link, after]);
  });

  test('the whole host is shown, in ASCII, with its port', () => {
    expect(destination('https://xn--e1afmkfd.xn--p1ai:8443/x')).toBe('xn--e1afmkfd.xn--p1ai:8443');
    expect(destination('mailto:ann%40home@example.org')).toBe('ann@home@example.org');
    expect(destination('mailto:%E0%A4%A@example.org')).toBe('%E0%A4%A@example.org');
  });
});

test.each([
  ['👍', true],
  ['❤️ 🎉 👩‍🚀', true],
  ['🇩🇪', true],
  ['3️⃣', true],
  ['👍👍👍👍', false],
  ['ok 👍', false],
  ['123', false],
  ['', false],
  ['*', false],
])('%s alone is emoji: %s', (text, wanted) => {
  expect(isEmoji(text)).toBe(wanted);
});

test('a text is measured as it is sent, in UTF-8', () => {
  expect(isTooLong('x'.repeat(MAX_BYTES))).toBe(false);
  expect(isTooLong(` ${'x'.repeat(MAX_BYTES)}\n`)).toBe(false);
  expect(isTooLong('ß'.repeat(MAX_BYTES / 2 + 1))).toBe(true);
});

const MINUTE = 60_000;
const said = (number: number, minute: number, state: ChatText['state']): ChatText => ({
  number,
  at: minute * MINUTE,
  text: String(number),
  state,
});
const chat = (texts: ChatText[], call = 'b'): ChatView => ({
  call,
  texts,
  unread: 0,
  typing: false,
  takes: true,
});
const kept = (call: string, one: ChatText): KeptText => ({ ...one, call, address: 'tincan:x' });

test('earlier calls come before the running one, whose texts are there once', () => {
  const before = kept('a', said(0, 1, 'received'));
  const first = kept('b', said(0, 5, 'delivered'));
  const now = chat([said(1, 6, 'sent'), said(0, 7, 'received')]);
  const all = messages([before, first, kept('b', said(1, 6, 'sent'))], now);
  expect(all.map((one) => one.key)).toEqual(['a/theirs/0', 'b/mine/0', 'b/mine/1', 'b/theirs/0']);
});

test('texts that follow each other closely have one time and one fate', () => {
  const all = messages(
    [],
    chat([
      said(0, 1, 'delivered'),
      said(1, 2, 'delivered'),
      said(2, 3, 'sent'),
      said(0, 4, 'received'),
      said(1, 30, 'received'),
      said(3, 31, 'failed'),
      said(4, 31, 'failed'),
      said(2, 24 * 60 + 31, 'received'),
    ]),
  );
  const found = runs(all);
  expect(found.map((one) => one.messages.length)).toEqual([2, 1, 1, 1, 1, 1, 1]);
  expect(found.map((one) => one.firstOfDay)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
    true,
  ]);
});

describe('a screen reader', () => {
  test('hears each text that comes, once', () => {
    const heard = new Heard();
    expect(heard.update(null, 'Bea')).toBeNull();
    expect(heard.update(chat([said(0, 1, 'sent')]), 'Bea')).toBeNull();
    const one = chat([said(0, 1, 'sent'), said(0, 2, 'received')]);
    expect(heard.update(one, 'Bea')).toBe('Bea writes: 0');
    expect(heard.update(one, 'Bea')).toBeNull();
    const more = chat([...one.texts, said(1, 3, 'received'), said(2, 3, 'received')]);
    expect(heard.update(more, 'Bea')).toBe('2 new messages from Bea');
    expect(heard.update(chat([said(0, 9, 'received')], 'c'), 'Bea')).toBe('Bea writes: 0');
  });

  test('is spared what is long', () => {
    const long = { ...said(0, 1, 'received'), text: 'x'.repeat(500) };
    expect(new Heard().update(chat([long]), 'Bea')).toBe('New message from Bea');
  });
});
