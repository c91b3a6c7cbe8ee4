import { expect, test } from 'vitest';

import { BEA, CARL, DINA, RTL } from '../src/backend/stories/base';
import { Arrivals } from '../src/state/arrivals';

const BEA_COMES = 'Bea Lindqvist is on your network';

/** Arrivals after a first moment at which nobody was there. */
function arrivals(): Arrivals {
  const fresh = new Arrivals();
  fresh.update([], 0, false);
  return fresh;
}

test('who is there at first is not announced, who comes later is, once', () => {
  const fresh = new Arrivals();
  expect(fresh.update([CARL], 0, false)).toBeNull();
  expect(fresh.update([CARL, BEA], 100, false)).toBe(BEA_COMES);
  expect(fresh.update([CARL, BEA], 200, false)).toBeNull();
});

test('those who come within ten seconds are announced together at their end', () => {
  const said = arrivals();
  expect(said.update([BEA], 1000, false)).toBe(BEA_COMES);
  expect(said.update([BEA, CARL], 2000, false)).toBeNull();
  expect(said.update([BEA, CARL, DINA], 3000, false)).toBeNull();
  expect(said.due(3000)).toBe(8000);
  const both = 'Carl and one other are on your network';
  expect(said.update([BEA, CARL, DINA], 11_000, false)).toBe(both);
});

test('who is gone again before it could be said is not announced', () => {
  const said = arrivals();
  said.update([BEA], 1000, false);
  said.update([BEA, CARL], 2000, false);
  said.update([BEA], 3000, false);
  expect(said.update([BEA], 11_000, false)).toBe('');
  expect(said.due(11_000)).toBeNull();
});

test('what was said is taken back, so that the same is read again another time', () => {
  const said = arrivals();
  said.update([BEA], 1000, false);
  expect(said.due(1000)).toBe(10_000);
  expect(said.update([BEA], 11_000, false)).toBe('');
  expect(said.update([], 20_000, false)).toBeNull();
  expect(said.update([BEA], 200_000, false)).toBe(BEA_COMES);
});

test('who was only out of hearing for a while is no news', () => {
  const said = arrivals();
  said.update([BEA], 1000, false);
  said.update([], 20_000, false);
  expect(said.update([BEA], 40_000, false)).toBeNull();
});

test('who stays is no news after hours without a view either', () => {
  const said = arrivals();
  said.update([BEA], 1000, false);
  said.update([BEA], 11_000, false);
  expect(said.update([BEA], 9_000_000, false)).toBeNull();
});

test('nothing is said during a call, nor of those who came in it', () => {
  const said = arrivals();
  expect(said.update([BEA], 1000, true)).toBeNull();
  expect(said.update([BEA], 60_000, false)).toBeNull();
  expect(said.due(60_000)).toBeNull();
});

test('a name that runs the other way does not turn the sentence round', () => {
  const said = arrivals();
  expect(said.update([RTL], 1000, false)).toBe(`\u2068${RTL.name}\u2069 is on your network`);
});
