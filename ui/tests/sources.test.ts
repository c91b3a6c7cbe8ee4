import { expect, test } from 'vitest';

import { STORIES, type StoryName } from '../src/backend/stories';
import { own } from '../src/state/devices';
import { sourceNote } from '../src/state/sources';

const of = (story: StoryName) => own(STORIES[story].view);

test('real devices need no word', () => {
  expect(sourceNote(of('call'))).toBeNull();
});

test('test sources say what they are', () => {
  const both = of('call-test-sources');
  expect(sourceNote(both)).toBe('Test picture and test voice');
  expect(sourceNote({ ...both, microphone: of('call').microphone })).toBe('Test picture');
});

test('only what is asked about is noted', () => {
  const { camera, microphone } = of('call-test-sources');
  expect(sourceNote({ microphone })).toBe('Test voice');
  expect(sourceNote({ camera: of('call').camera })).toBeNull();
  expect(sourceNote({ camera, microphone: { state: 'off' } })).toBe('Test picture');
});

test('a recording is named', () => {
  const now = { state: 'on', name: 'clip.y4m', kind: 'file' } as const;
  expect(sourceNote({ ...of('call'), camera: now })).toContain('clip.y4m');
});
