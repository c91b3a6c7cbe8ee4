import { expect, test } from 'vitest';

import {
  ADA,
  BEA,
  CARL,
  DINA,
  HISTORY,
  NAMELESS,
  PEOPLE,
  STRANGER,
} from '../src/backend/stories/base';
import { saved } from '../src/backend/stories/people';
import { Arrangement, around, type Lists, type Row } from '../src/state/nearby';
import { type Listed, people } from '../src/state/people';

const everybody = people(HISTORY, PEOPLE);
const near = (...who: { address: string; name: string }[]) =>
  around(who, everybody, PEOPLE, ADA.address);
const said = ({ who, here }: Row) => `${who.peer.name.split(' ')[0] ?? ''}${here ? '' : ' (gone)'}`;
const names = (rows: readonly Row[]) => rows.map(said);

/** Lists that see one moment after the other. */
function lists() {
  const arrangement = new Arrangement();
  return (here: Listed[], held = false): Lists => arrangement.update(here, everybody, held);
}

test('who is nearby goes by the name that the user gave them, and keeps their calls', () => {
  const [carl] = near({ ...CARL, name: 'Carl Gustaf' });
  expect(carl).toMatchObject({ peer: { name: 'Carl from the choir' }, known: true });
  expect(carl?.calls).toHaveLength(2);
});

test('a stranger goes by the name that they announce, and is not known', () => {
  expect(near(STRANGER)).toMatchObject([{ peer: STRANGER, known: false, calls: [] }]);
});

test('somebody of whom only calls without a name are known goes by what they announce', () => {
  const [newest] = HISTORY;
  if (!newest) throw new Error('the stories have a history');
  const nameless = people([{ ...newest, peer: NAMELESS }], []);
  const [one] = around([{ ...NAMELESS, name: 'Nell' }], nameless, [], ADA.address);
  expect(one).toMatchObject({ peer: { name: 'Nell' }, theirName: 'Nell' });
});

test('blocked people are not nearby, and nobody is near themselves', () => {
  const blocked = [saved(BEA, { contact: false, blocked: true })];
  expect(around([BEA, ADA], everybody, blocked, ADA.address)).toEqual([]);
});

test('who is nearby stands there and nowhere else, whoever came first on top', () => {
  const show = lists();
  expect(names(show(near(CARL)).nearby)).toEqual(['Carl']);
  const { nearby, others } = show(near(BEA, STRANGER, CARL));
  expect(names(nearby)).toEqual(['Carl', 'Bea', 'Emil']);
  expect(others.map(({ who }) => who.peer.name.split(' ')[0])).toEqual(['Dina', 'مريم']);
  expect(names(show(near(BEA, CARL)).nearby)).toEqual(['Carl', 'Bea']);
});

test('while the lists are held, who goes keeps the place and is told to be gone', () => {
  const show = lists();
  show(near(BEA, CARL));
  const { nearby } = show(near(CARL), true);
  expect(names(nearby)).toEqual(['Bea (gone)', 'Carl']);
  expect(names(show(near(CARL)).nearby)).toEqual(['Carl']);
});

test('a stranger who goes while the lists are held is still there to be called', () => {
  const show = lists();
  show(near(STRANGER));
  expect(show(near(), true).nearby).toMatchObject([{ who: { peer: STRANGER }, here: false }]);
  expect(show(near()).nearby).toEqual([]);
});

test('while the lists are held, who comes and is listed already is marked in place', () => {
  const show = lists();
  const before = show(near()).others.map(({ who }) => who.peer.address);
  const { nearby, others } = show(near(DINA), true);
  expect(nearby).toEqual([]);
  expect(others.map(({ who }) => who.peer.address)).toEqual(before);
  expect(others.filter(({ here }) => here).map(({ who }) => who.peer)).toEqual([DINA]);
  expect(names(show(near(DINA)).nearby)).toEqual(['Dina']);
});

test('while the lists are held, a stranger comes into the room that is empty, and no further', () => {
  const show = lists();
  show(near(BEA));
  const more = [STRANGER, { ...STRANGER, address: 'tincan:other', name: 'Olga' }];
  expect(names(show(near(BEA, ...more), true).nearby)).toEqual(['Bea', 'Emil']);
  expect(names(show(near(BEA, ...more)).nearby)).toEqual(['Bea', 'Emil', 'Olga']);
});

test('the same people give the same lists however often they are asked for', () => {
  const show = lists();
  show(near(BEA, CARL));
  const once = show(near(CARL, STRANGER), true);
  expect(show(near(CARL, STRANGER), true)).toEqual(once);
});
