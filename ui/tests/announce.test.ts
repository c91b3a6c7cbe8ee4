import { expect, test } from 'vitest';

import type { StoryName } from '../src/backend/stories';
import { Announcer } from '../src/state/announce';
import { TroubleWatch } from '../src/state/trouble/watch';
import { engine } from './views';

test('says each step of a call once', () => {
  const announcer = new Announcer();
  let now = 0;
  const say = (story: StoryName) => announcer.update(engine(story).call, null, (now += 3000));
  expect(say('calling')).toBe('Calling Bea Lindqvist');
  expect(say('calling')).toBeNull();
  expect(say('ringing')).toBe('Ringing at Bea Lindqvist');
  expect(say('connecting')).toBe('Connecting to Bea Lindqvist');
  expect(say('call')).toBe('In the call with Bea Lindqvist');
  expect(say('call-muted')).toBe('Microphone muted');
  expect(say('call')).toBe('Microphone on');
  expect(say('call-remote-muted')).toBe('Bea Lindqvist muted the microphone');
});

test('an incoming and an ended call are left to their headings, and nothing stale stays', () => {
  const announcer = new Announcer();
  const say = (story: StoryName) => announcer.update(engine(story).call, null, 0);
  expect(say('home')).toBeNull();
  expect(say('incoming')).toBe('');
  expect(say('call')).toContain('In the call');
  expect(say('ended')).toBe('');
  expect(say('ended')).toBeNull();
  expect(say('home')).toBe('');
});

test('whether a lost call may go on is said as it changes', () => {
  const announcer = new Announcer();
  const say = (story: StoryName) => announcer.update(engine(story).call, null, 0);
  expect(say('ended-lost')).toBe('');
  expect(say('ended-lost-waiting')).toContain('Waiting for Bea Lindqvist');
  expect(say('ended-lost-waiting')).toBeNull();
  expect(say('ended-lost-wanted')).toContain('wants to go on');
});

test('what settles while a call begins or comes back was done by nobody and is not said', () => {
  const announcer = new Announcer();
  const say = (story: StoryName, now: number) => announcer.update(engine(story).call, null, now);
  say('connecting', 0);
  expect(say('call-remote-camera-off', 1000)).toContain('In the call');
  expect(say('call', 2900)).toBeNull();
  expect(say('call-muted', 3000)).toBe('Microphone muted');
  expect(say('call-reconnecting', 4000)).toContain('Reconnecting');
  expect(say('call', 5000)).toContain('In the call');
});

test('says trouble at most every ten seconds, and takes it back in between', () => {
  const announcer = new Announcer();
  const watch = new TroubleWatch();
  const lost = engine('call-microphone-lost');
  const trouble = watch.update(lost, 'Bea', 0);
  announcer.update(lost.call, null, 0);
  expect(announcer.update(lost.call, trouble, 100)).toContain('microphone');
  expect(announcer.update(lost.call, trouble, 200)).toBeNull();
  expect(announcer.update(lost.call, null, 300)).toBe('');
  expect(announcer.update(lost.call, null, 400)).toBeNull();
  expect(announcer.update(lost.call, trouble, 5000)).toBeNull();
  expect(announcer.update(lost.call, trouble, 10_200)).toContain('microphone');
});
