import { expect, test } from 'vitest';

import type { EngineView } from '../src/backend/bindings/EngineView';
import type { ActiveCall } from '../src/backend/call';
import type { QualityView } from '../src/backend/bindings/QualityView';
import { devices, GOOD, poorly } from '../src/backend/stories/base';
import type { StoryName } from '../src/backend/stories';
import { TroubleWatch } from '../src/state/trouble/watch';
import { engine } from './views';

/** Feeds the same view ten times a second and returns what is said at the end. */
function watched(watch: TroubleWatch, view: EngineView, from: number, until: number) {
  let said = watch.update(view, 'Bea', from);
  for (let now = from + 100; now <= until; now += 100) said = watch.update(view, 'Bea', now);
  return said;
}

/** One cause each, the first to be said first. */
const CAUSES: readonly [kind: string, happens: (view: EngineView) => EngineView][] = [
  ['reconnecting', (view) => inCall(view, { phase: 'reconnecting' })],
  ['speaker-lost', (view) => ({ ...view, speaker: { ...view.speaker, now: LOST } })],
  [
    'muted',
    (view) => ({
      ...inCall(view, { local: MUTED, wish: MUTED }),
      microphoneLevel: 0.4,
    }),
  ],
  ['network', (view) => inCall(view, { culprit: 'network' })],
  ['unheard', (view) => inCall(view, { received: { heard: false, seen: true } })],
  ['echo', (view) => ({ ...view, voiceHealth: { ...view.voiceHealth, echoRemoved: false } })],
  ['upload', (view) => ({ ...view, quality: worse(view.quality, 'send') })],
  ['download', (view) => ({ ...view, quality: worse(view.quality, 'receive') })],
];
const LOST = { state: 'failed' as const, problem: 'lost' as const, name: '' };
const MUTED = { microphone: false, camera: true };

function worse(quality: QualityView | null, direction: keyof QualityView): QualityView {
  return { ...(quality ?? GOOD), [direction]: { level: 'poor', cause: 'loss' } };
}

function inCall(view: EngineView, change: Partial<ActiveCall>): EngineView {
  if (view.call.state !== 'active') throw new Error('the story is no call');
  return { ...view, call: { ...view.call, ...change } };
}

const PAIRS = CAUSES.flatMap(([first, happens], i) =>
  CAUSES.slice(i).map(([second, too]) => ({ first, second, view: too(happens(engine('call'))) })),
);

test.each(PAIRS)('of $first and $second, $first is said', ({ first, view }) => {
  expect(watched(new TroubleWatch(), view, 0, 8000)?.kind).toBe(first);
});

test.each([
  ['trouble-my-microphone', 'Your microphone is silent', { do: 'choose', role: 'microphone' }],
  ['trouble-my-camera', 'No picture comes from your camera', { do: 'choose', role: 'camera' }],
  ['trouble-my-speaker', 'No sound reaches your speaker', { do: 'choose', role: 'speaker' }],
  ['trouble-my-screen', 'cannot show Bea’s picture', null],
  ['trouble-their-microphone', 'Ask them to check it', null],
  ['trouble-their-camera', 'Ask them to check it', null],
  ['trouble-their-speaker', 'They are told so', null],
  ['trouble-their-screen', 'cannot show your picture', null],
  ['trouble-network-ours', 'loses what you send', { do: 'cameraOff' }],
  ['trouble-network-theirs', 'loses what Bea sends', { do: 'cameraOff' }],
  ['trouble-network-no-camera', 'loses what you send', null],
] as const)('%s names who is affected, and one thing to do', (story, text, remedy) => {
  const said = new TroubleWatch().update(engine(story), 'Bea', 0);
  expect(said).toMatchObject({ text: expect.stringContaining(text), remedy });
  expect(said?.text).toContain('Bea');
});

test.each(['unheard', 'unseen', 'unreceived'] as const)(
  'that we are %s for no known reason is said after a while',
  (kind) => {
    const watch = new TroubleWatch();
    expect(watched(watch, engine(`trouble-${kind}`), 0, 5900)).toBeNull();
    expect(watched(watch, engine(`trouble-${kind}`), 6000, 6000)?.kind).toBe(kind);
  },
);

test('what is said as trouble is not said as well', () => {
  const watch = new TroubleWatch();
  watched(watch, engine('call'), 0, 1000);
  expect(watch.perceived).toEqual({ hears: true, sees: true });
  watched(watch, engine('trouble-their-speaker'), 1100, 1200);
  expect(watch.perceived).toEqual({ hears: false, sees: true });
  watch.update(engine('call-reconnecting'), 'Bea', 1300);
  expect(watch.perceived).toEqual({ hears: false, sees: false });
});

test('reconnecting says since when, and another time anew', () => {
  const watch = new TroubleWatch();
  expect(watched(watch, engine('call-reconnecting'), 1000, 3000)?.since).toBe(1000);
  watch.update(engine('call'), 'Bea', 3100);
  expect(watch.update(engine('call-reconnecting'), 'Bea', 3200)?.since).toBe(3200);
});

test('a good call says nothing', () => {
  expect(watched(new TroubleWatch(), engine('call'), 0, 10_000)).toBeNull();
});

test('reconnecting is said at once and before everything else', () => {
  const view = engine('call-microphone-lost', { call: engine('call-reconnecting').call });
  expect(new TroubleWatch().update(view, 'Bea', 0)?.kind).toBe('reconnecting');
});

test('a silent microphone is said as soon as the engine says so, and until it hears again', () => {
  const watch = new TroubleWatch();
  const told = inCall(engine('call'), { culprit: 'myMicrophone' });
  watched(watch, engine('call'), 0, 1000);
  const silent = { ...engine('call'), microphoneSilent: true };
  expect(watch.update(silent, 'Bea', 1100)?.kind).toBe('myMicrophone');
  expect(watch.update(told, 'Bea', 1200)).toBeNull();
});

test('a lost microphone is named with what to do', () => {
  const said = new TroubleWatch().update(engine('call-microphone-lost'), 'Bea', 0);
  expect(said).toMatchObject({
    kind: 'microphone-lost',
    remedy: { do: 'retry', role: 'microphone' },
  });
});

test.each(['busy', 'unusable', 'lost', 'missing', 'refused'] as const)(
  'a microphone that is %s is tried again, unless the system forbids it',
  (problem) => {
    const microphone = {
      ...devices(true).microphone,
      now: { state: 'failed' as const, problem, name: '' },
    };
    expect(new TroubleWatch().update(engine('call', { microphone }), 'Bea', 0)?.remedy).toEqual({
      do: problem === 'refused' ? 'choose' : 'retry',
      role: 'microphone',
    });
  },
);

test('a machine without a camera is offered to go on without one', () => {
  const said = new TroubleWatch().update(engine('call-no-camera'), 'Bea', 0);
  expect(said).toMatchObject({ kind: 'camera-missing', remedy: { do: 'withoutCamera' } });
});

test('the relay of a link that is not there is said while the call waits for it', () => {
  const said = new TroubleWatch().update(engine('calling-relay-of-link'), 'Bea', 0);
  expect(said).toMatchObject({ kind: 'relay-certificateExpired', remedy: null });
  expect(said?.text).toContain('not valid today');
});

test('in the call one learns that the other side is told of a missing device, and before it not', () => {
  const said = (story: StoryName) => new TroubleWatch().update(engine(story), 'Bea', 0)?.text;
  expect(said('call-no-microphone')).toContain('Bea is told so.');
  expect(said('calling-camera-busy')).not.toContain('told');
});

test('a camera that failed is trouble although it is off by now', () => {
  const broken = engine('call-camera-busy');
  expect(broken.call).toMatchObject({ local: { camera: false } });
  expect(new TroubleWatch().update(broken, 'Bea', 0)?.kind).toBe('camera-busy');
});

test('a device that failed is said before the call already', () => {
  expect(new TroubleWatch().update(engine('calling-camera-busy'), 'Bea', 0)?.kind).toBe(
    'camera-busy',
  );
  expect(new TroubleWatch().update(engine('calling'), 'Bea', 0)).toBeNull();
});

test('a bad network is said once a lost microphone is well', () => {
  const watch = new TroubleWatch();
  const lost = engine('call-microphone-lost', { quality: poorly('receive', 'loss') });
  expect(watched(watch, lost, 0, 2100)?.kind).toBe('microphone-lost');
  expect(watch.update(engine('call-download-weak'), 'Bea', 2200)?.kind).toBe('download');
  expect(watch.update(engine('call'), 'Bea', 2300)).toBeNull();
});

test('talking while muted is noticed after a moment, a cough is not', () => {
  const talking = engine('call-talking-muted');
  expect(watched(new TroubleWatch(), talking, 0, 800)).toBeNull();
  expect(watched(new TroubleWatch(), talking, 0, 1500)).toMatchObject({
    kind: 'muted',
    remedy: { do: 'unmute' },
  });
});

test('a test voice that talks while muted is nobody who forgot', () => {
  const talking = engine('call-talking-muted', {
    microphone: engine('call-test-sources').microphone,
  });
  expect(watched(new TroubleWatch(), talking, 0, 3000)).toBeNull();
});

test('a microphone that opens is nobody who forgot', () => {
  const opening = engine('call-devices-opening', { microphoneLevel: 0.4 });
  expect(watched(new TroubleWatch(), opening, 0, 3000)).toBeNull();
});

test('unmuting takes the line away at once', () => {
  const watch = new TroubleWatch();
  watched(watch, engine('call-talking-muted'), 0, 2000);
  expect(watch.update(engine('call'), 'Bea', 2100)).toBeNull();
});

test('that the other side hears itself is said once it lasts, unless we are muted', () => {
  const echo = engine('call-echo');
  expect(watched(new TroubleWatch(), echo, 0, 1900)).toBeNull();
  const said = watched(new TroubleWatch(), echo, 0, 2100);
  expect(said).toMatchObject({ kind: 'echo', remedy: { do: 'choose', role: 'speaker' } });
  expect(said?.text).toContain('Bea may hear themselves');
  const muted = inCall(echo, { local: MUTED, wish: MUTED });
  expect(watched(new TroubleWatch(), muted, 0, 4000)).toBeNull();
});

test.each(['excellent', 'good'] as const)('what is %s is not spoken of', (level) => {
  const quality = {
    send: { level, cause: 'loss' as const },
    receive: { level, cause: 'delay' as const },
  };
  expect(new TroubleWatch().update(engine('call', { quality }), 'Bea', 0)).toBeNull();
});

test.each([
  ['send', 'loss', 'Without your video', { do: 'cameraOff' }],
  ['send', 'rate', 'Without your video', { do: 'cameraOff' }],
  ['send', 'server', 'Without your video', { do: 'cameraOff' }],
  ['send', 'delay', 'between you and Bea is long', null],
  ['receive', 'delay', 'between you and Bea is long', null],
  ['receive', 'loss', 'What Bea sends arrives with gaps', null],
  ['receive', 'concealment', 'What Bea sends arrives with gaps', null],
  ['receive', 'jitter', 'unevenly', null],
  ['receive', 'freezes', 'Bea’s picture stands still', null],
  ['receive', 'server', 'Bea’s connection is weak', null],
] as const)(
  'a bad direction (%s, %s) says whom it affects and why',
  (direction, cause, text, remedy) => {
    const view = engine('call', { quality: poorly(direction, cause) });
    const said = new TroubleWatch().update(view, 'Bea', 0);
    expect(said).toMatchObject({ text: expect.stringContaining(text), remedy });
  },
);

test('whoever sends no video is not told to turn it off', () => {
  const said = new TroubleWatch().update(engine('call-upload-voice'), 'Bea', 0);
  expect(said).toMatchObject({
    text: expect.stringContaining('hears you with gaps'),
    remedy: null,
  });
});

test('the next call starts with a clean slate', () => {
  const watch = new TroubleWatch();
  watched(watch, engine('call-upload-weak'), 0, 4000);
  const next = engine('call');
  if (next.call.state === 'active') next.call = { ...next.call, call: 'another' };
  expect(watch.update(next, 'Bea', 4100)).toBeNull();
});
