import { expect, test } from 'vitest';

import type { VoiceHealth } from '../src/backend/bindings/VoiceHealth';
import { STORIES } from '../src/backend/stories';
import { WELL } from '../src/backend/stories/base';
import { PROCESSING, processingTrouble } from '../src/state/processing';

const { view } = STORIES['settings-sound'];

function said(health: Partial<VoiceHealth>, settings = {}) {
  const engine = { ...view.engine, voiceHealth: { ...WELL, ...health } };
  const page = { ...view, engine, settings: { ...view.settings, ...settings } };
  return PROCESSING.map((what) => processingTrouble(page, what));
}

test('what works needs no word', () => {
  expect(said({})).toEqual([null, null, null]);
  expect(said({ echoRemoved: true })).toEqual([null, null, null]);
});

test('what failed says whether it is tried again', () => {
  const health = { noiseSuppression: 'failed', autoGainControl: 'givenUp' } as const;
  const [echo, noise, gain] = said(health);
  expect(echo).toBeNull();
  expect(noise).toBe('Noise is not being reduced right now. Trying again.');
  expect(gain).toContain('Turn this off and on');
});

test('an echo that stays is no better than a canceller that failed', () => {
  const again = 'Echo is not being removed right now. Trying again.';
  expect(said({ echoRemoved: false })[0]).toBe(again);
  expect(said({ echoCancellation: 'failed' })[0]).toBe(again);
  expect(said({ echoCancellation: 'givenUp', echoRemoved: false })[0]).toContain('Turn this off');
});

test('what is switched off cannot fail', () => {
  const off = { echoCancellation: false, noiseSuppression: false };
  const health = { echoCancellation: 'failed', noiseSuppression: 'failed' } as const;
  expect(said({ ...health, echoRemoved: false }, off)).toEqual([null, null, null]);
});
