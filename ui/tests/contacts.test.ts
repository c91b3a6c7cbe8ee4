import { expect, test } from 'vitest';

import { STORIES } from '../src/backend/stories';
import { BEA, CARL, DINA, NAMELESS } from '../src/backend/stories/base';
import { changed, saved } from '../src/backend/stories/people';
import { blockedPeople, named, otherName, verified, withNames } from '../src/state/contacts';

test('a contact goes by the name that the user gave, everybody else by their own', () => {
  expect(named(BEA, saved(BEA, { name: 'Auntie' })).name).toBe('Auntie');
  expect(named(BEA, saved(BEA)).name).toBe(BEA.name);
  expect(named(BEA, saved(BEA, { name: 'Auntie', contact: false })).name).toBe(BEA.name);
  expect(named(BEA, null)).toBe(BEA);
});

test('somebody who gives no name in a call goes by the one that they gave before', () => {
  expect(named(NAMELESS, saved({ ...NAMELESS, name: 'Nell' })).name).toBe('Nell');
});

test('the call is shown with the name that the user gave', () => {
  const view = { ...STORIES.call.view, people: [saved(BEA, { name: 'Auntie' })] };
  const { call } = withNames(view).engine;
  expect(call.state === 'active' && call.peer.name).toBe('Auntie');
  const { home } = STORIES;
  expect(withNames(home.view)).toBe(home.view);
});

test('a comparison of words counts for contacts, and is told with its day', () => {
  const at = new Date(2020, 4, 3).getTime();
  expect(verified(saved(BEA, { pinnedAt: at }))).toBe(
    'Verified – you compared words on 3 May 2020',
  );
  expect(verified(saved(BEA))).toBeNull();
  expect(verified(saved(BEA, { pinnedAt: at, contact: false }))).toBeNull();
  expect(verified(null)).toBeNull();
});

test('what they call themselves is told where the user calls them otherwise', () => {
  expect(otherName(saved(BEA, { name: 'Auntie' }), '')).toBe(BEA.name);
  expect(otherName(saved(BEA, { name: 'Auntie' }), 'Bea')).toBe('Bea');
  expect(otherName(saved(BEA, { name: BEA.name }), '')).toBeNull();
  expect(otherName(saved(BEA), 'Bea')).toBeNull();
  expect(otherName(null, 'Bea')).toBeNull();
});

test('blocked people are listed by name, contacts under the name that the user gave', () => {
  const blocked = { blocked: true };
  const all = [saved(DINA, blocked), saved(CARL, { ...blocked, name: 'Aaron' }), saved(BEA)];
  expect(blockedPeople(all).map((one) => one.name)).toEqual(['Aaron', 'Dina Okonkwo']);
});

test('somebody who is neither saved nor blocked is forgotten', () => {
  expect(changed([saved(BEA)], BEA.address, { contact: false })).toEqual([]);
  expect(changed([], BEA.address, { blocked: true })).toHaveLength(1);
});
