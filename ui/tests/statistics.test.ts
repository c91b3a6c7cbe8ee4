import { expect, test } from 'vitest';

import type { CallRecord } from '../src/backend/bindings/CallRecord';
import { NOW, STATS } from '../src/backend/stories/base';
import { past } from '../src/backend/stories/statistics';
import { recordText } from '../src/state/record';
import { asCsv, asJson } from '../src/state/statistics/export';
import { CAPACITY, StatsHistory } from '../src/state/statistics/history.svelte';
import { columns, extent, plots } from '../src/state/statistics/plots';
import { engine } from './views';

const figures = (seconds: number) => ({ ...STATS, jitter: seconds / 1000 });

test('five minutes are remembered, a sample for each new set of figures, and only in a call', () => {
  const history = new StatsHistory();
  history.update(engine('home', { stats: STATS }), 0);
  expect(history.samples).toHaveLength(0);
  for (let second = 0; second < 400; second++) {
    const view = engine('call', { stats: figures(second) });
    history.update(view, second * 1000);
    history.update(view, second * 1000 + 500);
  }
  expect(history.samples).toHaveLength(CAPACITY);
  expect(history.samples[0]?.at).toBe(100_000);
  expect(history.samples.at(-1)?.stats.jitter).toBeCloseTo(0.399);
});

test('what was measured stays after the call, and another call begins anew', () => {
  const history = new StatsHistory();
  history.update(engine('call'), 0);
  history.update(engine('ended'), 1000);
  expect(history.samples).toHaveLength(1);
  const next = engine('call', { stats: null });
  if (next.call.state === 'active') next.call = { ...next.call, call: 'another' };
  history.update(next, 2000);
  expect(history.samples).toHaveLength(0);
});

test('every plot has as many values as there are samples, in its unit', () => {
  const samples = past(NOW);
  for (const plot of plots()) {
    const [times, ...lines] = columns(plot, samples);
    expect(times.at(-1)).toBe(0);
    expect(times[0]).toBeGreaterThanOrEqual(-CAPACITY);
    expect(lines).toHaveLength(plot.lines.length);
    for (const line of lines) expect(line, plot.name).toHaveLength(samples.length);
  }
  const [roundTrip] = plots().filter(({ name }) => name === 'roundTrip');
  expect(roundTrip && columns(roundTrip, samples)[1]?.at(-1)).toBeCloseTo(4, -1);
});

test('a picture that stood still is told in the second in which it did', () => {
  const still = (seconds: number) => ({ ...STATS, totalFreezesDuration: seconds });
  const samples = [0, 0.4, 0.4].map((seconds, i) => ({
    at: i * 1000,
    stats: still(seconds),
    quality: null,
  }));
  const plot = plots().find(({ name }) => name === 'freezes');
  expect(plot && columns(plot, samples)[1]).toEqual([null, 400, 0]);
});

test('a line says where it is, on the whole, and how far it goes', () => {
  expect(extent([null, 4, 2, 6])).toEqual({ now: 6, mean: 4, least: 2, most: 6 });
  expect(extent([1, null])).toMatchObject({ now: null, mean: 1 });
  expect(extent([])).toEqual({ now: null, mean: null, least: null, most: null });
});

test('the exports hold all samples under the names of webrtc-stats', () => {
  const samples = past(NOW, 200);
  const rows = JSON.parse(asJson(samples)) as Record<string, unknown>[];
  expect(rows).toHaveLength(200);
  expect(rows[0]).toMatchObject({ path: 'local', nackCount: 2, quality: { send: {} } });
  const lines = asCsv(samples).trimEnd().split('\r\n');
  expect(lines).toHaveLength(201);
  const [names, first] = [lines[0]?.split(','), lines[1]?.split(',')];
  expect(names).toEqual(expect.arrayContaining(['at', 'currentRoundTripTime', 'sendCause']));
  expect(first).toHaveLength(names?.length ?? 0);
  expect(names).toContain('screen.framesPerSecondSent');
  expect(lines.join()).not.toContain('[object');
  expect(lines.at(150)).toContain('poor,loss,excellent,');
  expect(asCsv([])).toBe('\r\n');
});

const record = (change: Partial<CallRecord>): CallRecord => ({
  path: 'direct',
  send: { mean: 'excellent', worst: 'excellent', lostPerMille: 0 },
  receive: { mean: 'excellent', worst: 'good', lostPerMille: 9 },
  frameWidth: 1280,
  frameHeight: 720,
  ...change,
});
const bad = { mean: 'good', worst: 'poor', lostPerMille: 31 } as const;

test.each([
  ['Direct · good throughout · 720p', {}],
  ['Relayed · poor at times · 3 % lost · 720p', { path: 'relayed', send: bad }],
  ['Direct · interrupted · 720p', { receive: { ...bad, worst: 'lost', lostPerMille: 0 } }],
  ['Direct · poor · 3 % lost', { send: { ...bad, mean: 'poor' }, frameWidth: 0, frameHeight: 0 }],
] as const)('a past call says "%s"', (text, change) => {
  expect(recordText(record(change))).toBe(text);
});
