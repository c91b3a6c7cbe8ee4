// @vitest-environment jsdom
/** What a test call says while it lasts and when it is over. */
import { afterEach, beforeAll, expect, test } from 'vitest';
import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';

import type { TestProblem } from '../src/backend/bindings/TestProblem';
import type { TestReport } from '../src/backend/bindings/TestReport';
import type { UiView } from '../src/backend/bindings/UiView';
import type { ActiveCall } from '../src/backend/call';
import { STORIES } from '../src/backend/stories';
import { fake } from '../src/backend/fake';
import { App } from '../src/state/app.svelte';
import { lost, said, time, verdict, voice } from '../src/state/testCall';
import { clean, prepare, story } from './page';

const user = userEvent.setup();
const GOOD = STORIES['call-test'].view.testCall as TestReport;

beforeAll(prepare);
afterEach(clean);

test('figures are told in units, and what is not known yet is a dash', () => {
  expect(time(148.4)).toBe('148 ms');
  expect(time(null)).toBe('–');
  expect(lost({ ...GOOD, audioLoss: 0.021, remoteLoss: 0.2 })).toBe('20.0%');
});

test('a voice that is judged quieter is told so, and one that had no time is not asked to speak', () => {
  expect(voice(GOOD)).toBe('Came back');
  expect(voice({ ...GOOD, problems: ['quieter'] })).toBe('Came back, quieter');
  expect(voice({ ...GOOD, voice: 'waiting' })).toBe('Say something…');
  expect(voice({ ...GOOD, voice: 'waiting', over: true })).toBe('No time to tell');
});

test('what is not well comes with what to do, and what is well without', () => {
  // A new one does not compile until it is listed.
  const problems = {
    microphoneOff: true,
    microphoneFails: true,
    notHeard: true,
    voiceLost: true,
    voiceNoTime: true,
    cameraFails: true,
    pictureLost: true,
    pictureNoTime: true,
    quieter: true,
    late: true,
    lossy: true,
  } satisfies Record<TestProblem, true>;
  for (const problem of Object.keys(problems) as TestProblem[]) {
    const judged = verdict({ ...GOOD, problems: [problem] });
    expect(judged.sentence).toMatch(/\.$/u);
    expect(judged.sentence).not.toMatch(/All is well/u);
    expect(judged.remedies).toHaveLength(1);
    expect(judged.remedies[0]).toMatch(/\.$/u);
  }
  expect(verdict({ ...GOOD, picture: 'off' })).toEqual({
    sentence: 'Your voice came back.',
    remedies: [],
  });
  expect(verdict(GOOD).remedies).toEqual([]);
});

test('of several things that are not well each is told, and a remedy of both once', () => {
  const { sentence, remedies } = verdict({
    ...GOOD,
    problems: ['quieter', 'lossy', 'cameraFails'],
  });
  expect(sentence).toBe('Your voice came back much quieter than you said it.');
  expect(remedies).toHaveLength(3);
  expect(remedies[1]).toBe('Much of the sound or picture was lost on the way.');
  expect(remedies[2]).toMatch(/^Your camera does not work\. Choose/u);
});

test('the call shows delay, loss and what became of the voice', async () => {
  await story('call-test');
  const figures = document.querySelector<HTMLElement>('[data-test-voice]');
  const shown = within(figures as HTMLElement);
  for (const text of ['Came back', '148 ms', '0.1%']) {
    expect(shown.getByText(text)).toBeVisible();
  }
});

test('a test call is on this computer, and says nothing of a network', async () => {
  await story('call-test');
  expect(screen.getByText('On this computer')).toBeVisible();
  expect(screen.queryByText(/network/iu)).toBeNull();
});

test('a test that was too short says so of voice and picture, and blames nothing', async () => {
  await story('ended-test-short');
  const sentence = 'There was no time to hear your voice come back.';
  expect(screen.getByRole('heading', { name: sentence })).toHaveFocus();
  expect(screen.getByText(/no time to see your picture/u)).toBeVisible();
  expect(screen.getByText('No time to tell')).toBeVisible();
  expect(screen.queryByText(/Say something|too much to do/u)).toBeNull();
});

test('a call to somebody shows no figures of a test', async () => {
  await story('call');
  expect(document.querySelector('[data-test-voice]')).toBeNull();
});

test('the verdict is the heading of the ended test call', async () => {
  await story('ended-test-silent');
  const heading = screen.getByRole('heading', { name: 'We did not hear you.' });
  expect(heading).toHaveFocus();
  expect(screen.getByText(/look for a mute switch/u)).toBeVisible();
});

/** An app that is shown one view after the other. */
function shown() {
  let push: (view: UiView) => void = () => undefined;
  const backend = fake(new URLSearchParams('story=call-test-beginning&still'));
  backend.subscribe = (main) => {
    push = main;
  };
  const app = new App(backend);
  const show = (change: Partial<UiView>) => {
    push(structuredClone({ ...STORIES['call-test-beginning'].view, ...change }));
  };
  show({});
  return { app, show };
}

test('what became of the voice is said aloud once, not with every figure', () => {
  const { app, show } = shown();
  show({ testCall: GOOD });
  expect(app.announcement).toBe(said(GOOD));
  app.announcement = '';
  show({ testCall: { ...GOOD, voiceDelayMs: 152 } });
  expect(app.announcement).toBe('');
});

test('the verdict stays when the ended screen goes by itself, until it is closed', async () => {
  const { app, show } = shown();
  const over = STORIES['ended-test'].view;
  const idle = { ...over.engine, call: { state: 'idle' as const } };
  show(over);
  show({ ...over, engine: idle });
  expect(app.local.tested?.call.peer.name).toBe('Test call');
  await app.dismiss();
  expect(app.local.tested).toBeNull();
  show({});
  show(over);
  await app.dismiss();
  show({ ...over, engine: idle });
  expect(app.local.tested, 'it was closed at once').toBeNull();
});

test('a test call that cannot begin leaves the verdict of the last one as it is', async () => {
  const { app, backend } = await story('ended-test');
  backend.testCall = () => Promise.reject({ code: 'internal', message: 'no socket' });
  const heading = screen.getByRole('heading').textContent;
  await user.click(screen.getByRole('button', { name: 'Test again' }));
  expect(app.local.problem?.code).toBe('internal');
  expect(screen.getByRole('heading')).toHaveTextContent(heading);
  expect(screen.getByRole('button', { name: 'Test again' })).toBeVisible();
});

test('the keyboard keeps its place when the engine leaves the ended call', async () => {
  const { app, backend } = await story('ended-test');
  const close = screen.getByRole('button', { name: 'Close' });
  close.focus();
  await backend.perform({ do: 'dismiss' });
  await tick();
  expect(app.view?.engine.call.state).toBe('idle');
  expect(app.local.tested).not.toBeNull();
  expect(close).toHaveFocus();
});

test('what became of the voice is said also when something else had to be said first', () => {
  const { app, show } = shown();
  const { engine } = STORIES['call-test'].view;
  const reconnecting = { ...(engine.call as ActiveCall), phase: 'reconnecting' as const };
  show({ engine: { ...engine, call: reconnecting }, testCall: { ...GOOD, voice: 'waiting' } });
  show({ engine, testCall: GOOD });
  expect(app.announcement).not.toBe(said(GOOD));
  show({ engine, testCall: { ...GOOD, voiceDelayMs: 152 } });
  expect(app.announcement).toBe(said(GOOD));
});

test('the verdict makes way for the next call', () => {
  const { app, show } = shown();
  const over = STORIES['ended-test'].view;
  show(over);
  show({ ...over, engine: { ...over.engine, call: { state: 'idle' } } });
  show(STORIES.incoming.view);
  expect(app.local.tested).toBeNull();
});

test('the screen of the verdict leads home', async () => {
  const { app } = await story('ended-test');
  await user.click(screen.getByRole('button', { name: 'Close' }));
  expect(app.local.tested).toBeNull();
  expect(document.querySelector('[data-screen="ended"]')).toBeNull();
});
