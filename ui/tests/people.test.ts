import { expect, test } from 'vitest';

import type { HistoryEntry } from '../src/backend/bindings/HistoryEntry';
import type { Person } from '../src/backend/bindings/Person';
import { BEA, CARL, HISTORY, NAMELESS, NOW, RTL } from '../src/backend/stories/base';
import { saved } from '../src/backend/stories/people';
import {
  initials,
  inSentence,
  linkTo,
  matching,
  nameOf,
  outcome,
  people,
  shortAddress,
  tint,
  visibleName,
  whenText,
} from '../src/state/people';

test('people are those of the history, the latest first, each once', () => {
  const all = people(HISTORY, []);
  expect(all.map((one) => one.peer.name.split(' ')[0])).toEqual(['Bea', 'Carl', 'Dina', 'مريم']);
  expect(all[0]?.calls).toHaveLength(3);
});

test('what gave way when two called each other at once is no call, what was talked is', () => {
  const peer = { address: 'tincan:a', name: 'A' };
  const gone = {
    peer,
    relay: null,
    at: 0,
    outgoing: true,
    reason: 'replaced',
    accepted: false,
    lastedMs: null,
    record: null,
  };
  const talked = { ...gone, lastedMs: 1000 };
  expect(people([gone], [])).toEqual([]);
  expect(people([gone, talked], [])[0]?.calls).toEqual([talked]);
});

test('a call without a name does not take a known name away', () => {
  const [newest, ...rest] = HISTORY;
  if (!newest) throw new Error('the stories have a history');
  const nameless = { ...newest, peer: { ...BEA, name: '' } };
  expect(people([nameless, ...rest], [])[0]?.peer.name).toBe(BEA.name);
});

test('typing finds people by any part of their name', () => {
  const all = people(HISTORY, []);
  expect(matching(all, ' LIND').map((one) => one.peer.name)).toEqual(['Bea Lindqvist']);
  expect(matching(all, '')).toHaveLength(all.length);
  expect(matching(all, 'zoe')).toEqual([]);
});

test('somebody without a name goes by a short address', () => {
  expect(nameOf(NAMELESS)).toBe(shortAddress(NAMELESS.address));
  expect(shortAddress(BEA.address)).toBe('c5rm…oa3e');
});

test('a name that runs the other way is set apart inside a sentence', () => {
  expect(inSentence(RTL)).toBe(`\u2068${RTL.name}\u2069`);
  expect(inSentence(BEA)).toBe('Bea Lindqvist');
});

test.each([
  ['Ada', 'A'],
  ['Bea Lindqvist', 'BL'],
  ['  jean   luc  picard ', 'JP'],
  ['', ''],
  ['🎈', ''],
  ['(Ωmega) 𝒵ed', 'Ω𝒵'],
])('initials of %j are %j', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test('a tint depends on the address alone and is one of eight', () => {
  expect(tint(BEA.address)).toBe(tint(BEA.address));
  for (let i = 0; i < 100; i++) expect(tint(`tincan:${i}`)).toBeLessThan(8);
});

test('times are short when they are near', () => {
  const hour = 3_600_000;
  expect(whenText(NOW - hour, NOW)).toBe('14:30');
  expect(whenText(NOW - 24 * hour, NOW)).toBe('Yesterday');
  expect(whenText(NOW - 100 * hour, NOW)).toBe('17 Nov');
  expect(whenText(NOW - 400 * 24 * hour, NOW)).toBe('17 Oct 2025');
});

test('an outcome that this version does not know is left out', () => {
  const [newest] = HISTORY;
  if (!newest) throw new Error('the stories have a history');
  expect(outcome(newest)).toBe('You called');
  expect(outcome({ ...newest, reason: 'abducted' })).toBe('');
});

test('somebody is dialled with their name, over the relay of their newest call that had one', () => {
  const peer = { address: 'tincan:a', name: 'A & B' };
  const call = {
    peer,
    relay: null,
    at: 0,
    outgoing: true,
    reason: 'noAnswer',
    accepted: false,
    lastedMs: null,
    record: null,
  };
  const over = (relay: string) => ({ ...call, relay });
  const nameless = { ...peer, name: '' };
  expect(linkTo(nameless, [], [])).toBe('tincan:a');
  expect(linkTo(peer, [call], [])).toBe('tincan:a?name=A%20%26%20B');
  expect(linkTo(nameless, [call], [])).toBe('tincan:a?name=A%20%26%20B');
  const theirs = { ...call, outgoing: false };
  expect(linkTo(peer, [theirs, over('wss://new/v1'), over('wss://old/v1')], [])).toBe(
    'tincan:a?relay=wss%3A%2F%2Fnew%2Fv1&name=A%20%26%20B',
  );
  expect(linkTo(peer, [call, over('wss://old/v1')], [])).toBe('tincan:a?name=A%20%26%20B');
  expect(linkTo({ ...nameless, address: 'tincan:b' }, [over('wss://new/v1')], [])).toBe('tincan:b');
});

test.each([
  ['\u3164', ''],
  ['\u2800 \u200d', ''],
  ['\u0301\u0301', ''],
  ['\u202eAda\u2069', 'Ada'],
  [' مريم ', 'مريم'],
  ['👩\u200d🚀', '👩\u200d🚀'],
])('of the name %j what can be seen is shown', (name, shown) => {
  expect(visibleName(name)).toBe(shown);
  expect(nameOf({ address: 'tincan:abc', name })).toBe(shown || 'abc');
});

test('initials are never letters that nobody sees', () => {
  expect(initials('\u3164Bea \u115fL')).toBe('BL');
  expect(initials('\u3164')).toBe('');
});

test('a name that runs the other way cannot turn a sentence round', () => {
  for (const name of ['مريم', '\u{1e900}\u{1e901}', '\u{10d00}']) {
    expect(inSentence({ address: 'tincan:a', name })).toBe(`\u2068${name}\u2069`);
  }
});

test('contacts go by the name that the user gave them, and are found by both', () => {
  const all = people(HISTORY, [saved(BEA, { name: 'Auntie' })]);
  expect(all[0]).toMatchObject({ peer: { name: 'Auntie' }, theirName: BEA.name, known: true });
  expect(matching(all, 'aunt')).toHaveLength(1);
  expect(matching(all, 'lindq')).toHaveLength(1);
});

test('contacts without calls come last, by name; blocked strangers without calls are not listed', () => {
  const silent = [
    saved({ address: 'tincan:z', name: 'Zoe' }),
    saved({ address: 'tincan:a', name: 'Abe' }),
    saved({ address: 'tincan:b', name: 'Bad' }, { contact: false, blocked: true }),
  ];
  const names = people(HISTORY, silent).map((one) => one.peer.name);
  expect(names.slice(-2)).toEqual(['Abe', 'Zoe']);
  expect(names).not.toContain('Bad');
});

test('who only rang is unknown, who was called, accepted or saved is not', () => {
  const missed = {
    peer: CARL,
    relay: null,
    at: 0,
    outgoing: false,
    reason: 'missed',
    lastedMs: null,
    record: null,
  };
  const rang = { ...missed, accepted: false };
  const knows = (calls: HistoryEntry[], contacts: Person[] = []) =>
    people(calls, contacts)[0]?.known;
  expect(knows([rang])).toBe(false);
  expect(knows([rang, { ...rang, outgoing: true }])).toBe(true);
  expect(knows([rang, { ...rang, accepted: true }])).toBe(true);
  expect(knows([rang], [saved(CARL)])).toBe(true);
  expect(knows([rang], [saved(CARL, { contact: false, blocked: true })])).toBe(false);
});

test("the user's own name for somebody never leaves in a link", () => {
  const mine = { ...BEA, name: 'Auntie' };
  const contact = saved(BEA, { name: 'Auntie' });
  expect(linkTo(mine, [], [contact])).toBe(`${BEA.address}?name=Bea%20Lindqvist`);
  expect(linkTo(mine, [], [{ ...contact, theirName: '' }])).toBe(BEA.address);
  expect(linkTo(BEA, [], [saved(BEA, { theirName: '' })])).toBe(
    `${BEA.address}?name=Bea%20Lindqvist`,
  );
});
