import { expect, test } from 'vitest';

import type { StoryName } from '../src/backend/stories';
import {
  outcome,
  question,
  recorded,
  recordingNews,
  sizeText,
  spoken,
} from '../src/recording/recording';
import { Announcer } from '../src/state/announce';
import { engine } from './views';

const of = (story: StoryName) => {
  const { call } = engine(story);
  if (call.state !== 'active') throw new Error(story);
  return call.recording;
};

test('the mark names who records, and nobody else', () => {
  expect(recorded(of('record-us'))).toBe('us');
  expect(recorded(of('record-them'))).toBe('them');
  expect(recorded(of('record-both'))).toBe('both');
  for (const story of ['call', 'record-asking', 'record-asked', 'record-saved'] as const) {
    expect(recorded(of(story))).toBeNull();
  }
});

test('a question names the recording that an answer is about', () => {
  expect(question(of('record-asked'))).toBe('00000000000000aa');
  expect(question(of('record-them'))).toBeNull();
});

test('each change is announced once, also by a screen reader', () => {
  const announcer = new Announcer();
  let now = 0;
  const say = (story: StoryName) => announcer.update(engine(story).call, null, (now += 3000));
  say('call');
  expect(say('record-asked')).toBe('Bea Lindqvist asks to record this call');
  expect(say('record-asked')).toBeNull();
  expect(say('record-them')).toBe('Bea Lindqvist is recording this call');
  expect(say('call')).toBe('This call is not recorded any more.');
  expect(recordingNews(of('record-asking'), of('record-refused'), 'Bea')).toContain(
    'does not want',
  );
});

test('what ended is said in one sentence, with the place of the file', () => {
  expect(outcome(engine('record-us').recording)).toBeNull();
  expect(outcome(engine('record-saved').recording)).toContain('48 MB');
  expect(outcome(engine('record-disk-full').recording)).toContain('the disk is full');
  expect(spoken(of('record-not-supported'), 'Bea')).toContain('newest');
  expect(spoken(of('call'), 'Bea')).toBeNull();
});

test('sizes are read at a glance', () => {
  expect([0, 9_460_000, 48_200_000, 2_310_000_000].map(sizeText)).toEqual([
    '0.0 MB',
    '9.5 MB',
    '48 MB',
    '2.3 GB',
  ]);
});
