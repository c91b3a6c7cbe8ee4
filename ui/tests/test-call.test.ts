// @vitest-environment jsdom
/** What a test call says while it lasts and when it is over. */
import { afterEach, beforeAll, expect, test } from 'vitest';
import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';

import type { TestReport } from '../src/backend/bindings/TestReport';
import type { UiView } from '../src/backend/bindings/UiView';
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

test.each([
  [0, 'Came back'],
  [-12, 'Came back, quieter'],
  [11, 'Came back, louder'],
  [-7, 'Came back'],
])('a voice that came back %d dB louder is told so', (echoGainDb, text) => {
  expect(voice({ ...GOOD, echoGainDb })).toBe(text);
});

test('what is not well comes with what to do, and what is well without', () => {
  for (const outcome of ['waiting', 'lost', 'silent', 'deviceFails', 'off'] as const) {
    const judged = verdict({ ...GOOD, voice: outcome });
    expect(judged.sentence).toMatch(/\.$/u);
    expect(judged.remedy).toMatch(/\.$/u);
  }
  expect(verdict({ ...GOOD, picture: 'lost' }).remedy).not.toBeNull();
  expect(verdict({ ...GOOD, picture: 'off' })).toEqual({
    sentence: 'Your voice came back.',
    remedy: null,
  });
  expect(verdict(GOOD).remedy).toBeNull();
});

test('the call shows delay, loss and what became of the voice', async () => {
  await story('call-test');
  const figures = document.querySelector<HTMLElement>('[data-test-voice]');
  const shown = within(figures as HTMLElement);
  for (const text of ['Came back', '148 ms', '1 ms', '0.1%']) {
    expect(shown.getByText(text)).toBeVisible();
  }
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
