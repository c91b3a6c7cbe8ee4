import { expect, test } from 'vitest';

import { Announcer } from '../src/state/announce';
import { TroubleWatch } from '../src/state/trouble';
import { engine } from './views';

test('says each step of a call once', () => {
  const announcer = new Announcer();
  const say = (call: ReturnType<typeof engine>['call']) => announcer.update(call, null, 0);
  expect(say(engine('calling').call)).toBe('Calling Bea Lindqvist');
  expect(say(engine('calling').call)).toBeNull();
  expect(say(engine('ringing').call)).toBe('Ringing at Bea Lindqvist');
  expect(say(engine('connecting').call)).toBe('Connecting to Bea Lindqvist');
  expect(say(engine('call').call)).toBe('In the call with Bea Lindqvist');
  expect(say(engine('call-muted').call)).toBe('Microphone muted');
  expect(say(engine('call').call)).toBe('Microphone on');
  expect(say(engine('call-remote-muted').call)).toBe('Bea Lindqvist muted the microphone');
  expect(say(engine('ended').call)).toBe('Bea Lindqvist ended the call.');
  expect(say(engine('home').call)).toBeNull();
});

test('says trouble at most every ten seconds', () => {
  const announcer = new Announcer();
  const watch = new TroubleWatch();
  const lost = engine('call-microphone-lost');
  const trouble = watch.update(lost, 'Bea', 0);
  announcer.update(lost.call, null, 0);
  expect(announcer.update(lost.call, trouble, 100)).toContain('microphone');
  expect(announcer.update(lost.call, trouble, 200)).toBeNull();
  announcer.update(lost.call, null, 300);
  expect(announcer.update(lost.call, trouble, 5000)).toBeNull();
  expect(announcer.update(lost.call, trouble, 10_200)).toContain('microphone');
});
