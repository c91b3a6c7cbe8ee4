import { expect, test } from 'vitest';

import { BEA, HISTORY } from '../src/backend/stories/base';
import { relayHost, shownFor } from '../src/people/understanding';
import { matching, people } from '../src/state/people';

const everybody = people(HISTORY, []);

test('an address or link shows the person', () => {
  const { address, name } = BEA;
  const person = { kind: 'person', address, name, relay: null, link: address } as const;
  expect(shownFor(person, BEA.address, [])).toEqual({ ...person, place: null });
});

test('an empty field shows nothing', () => {
  expect(shownFor({ kind: 'nothing' }, '', everybody)).toEqual({ kind: 'nothing' });
});

test('part of a known name is no problem, an unknown name is told gently', () => {
  expect(shownFor({ kind: 'unknown' }, 'be', matching(everybody, 'be')).kind).toBe('nothing');
  expect(shownFor({ kind: 'unknown' }, 'zoe', [])).toMatchObject({
    kind: 'problem',
    certain: false,
  });
});

test.each(['own', 'incomplete'] as const)('%s is certainly wrong', (kind) => {
  expect(shownFor({ kind }, 'tincan:x', [])).toMatchObject({ kind: 'problem', certain: true });
});

test('of a relay the host is shown', () => {
  expect(relayHost('wss://relay.example:8443/v1')).toBe('relay.example:8443');
  expect(relayHost('nonsense')).toBe('nonsense');
});
