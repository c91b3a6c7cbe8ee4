import { expect, test } from 'vitest';

import { sourceNote } from '../src/state/sources';
import { engine } from './views';

test('real devices need no word', () => {
  expect(sourceNote(engine('call'))).toBeNull();
});

test('test sources for want of devices say so', () => {
  const none = engine('call-test-sources');
  expect(sourceNote(none)).toContain('no camera or microphone found');
  expect(sourceNote({ ...none, microphone: engine('call').microphone })).toBe(
    'Test picture – no camera found',
  );
});

test('a test source that was chosen beside a real one says only what it is', () => {
  const view = engine('call');
  const now = { state: 'on', name: 'Test picture', kind: 'synthetic' } as const;
  expect(sourceNote({ ...view, camera: { ...view.camera, now } })).toBe('Test picture');
});

test('only what is asked about is noted', () => {
  const none = engine('call-test-sources');
  expect(sourceNote(none, ['microphone'])).toBe('Test voice – no microphone found');
  expect(sourceNote({ ...none, camera: engine('call').camera }, ['camera'])).toBeNull();
});

test('a recording is named', () => {
  const view = engine('call');
  const now = { state: 'on', name: 'clip.y4m', kind: 'file' } as const;
  expect(sourceNote({ ...view, camera: { ...view.camera, now } })).toContain('clip.y4m');
});
