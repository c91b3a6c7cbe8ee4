/** What all tests of the built page share. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { expect, type Page, test as base } from '@playwright/test';
import type axeCore from 'axe-core';

import type { StoryName } from '../src/backend/stories';

/**
 * A page as the shell would have it: with a frozen `Object.prototype`, under the shell's content
 * security policy (see `vite.config.ts`), and without a single error on its console.
 */
export const test = base.extend({
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') errors.push(line.text());
    });
    await page.addInitScript(() => Object.freeze(Object.prototype));
    await use(page);
    expect(errors).toEqual([]);
  },
});

/** Where screenshots go, seen from the folder of the interface. */
export const SCREENS = '../target/screens';

/** One story may take this long: to load, a picture, axe; also where the machine does other things. */
export const STORY_MS = 6000;
/** And the browser, before the first one. */
export const START_MS = 20_000;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Options {
  readonly theme?: string;
  readonly surface?: 'native' | 'webview';
  /** Pictures and levels stand still, so that two runs look the same. */
  readonly still?: boolean;
}

export async function open(page: Page, story: string, options: Options = {}): Promise<void> {
  const query = new URLSearchParams({ story, theme: options.theme ?? 'light' });
  if (options.still ?? true) query.set('still', '');
  if (options.surface) query.set('surface', options.surface);
  await page.goto(`/?${query}`);
  await page.locator('[data-screen]').waitFor();
  await page.evaluate(() => document.fonts.ready);
  // Lines of trouble appear only once their cause has lasted.
  const line = TROUBLE[story as StoryName];
  if (line) await page.locator(`[data-trouble="${line}"]`).waitFor();
  await page.waitForTimeout(50);
}

const TROUBLE: Partial<Record<StoryName, string>> = {
  'call-upload-weak': 'upload',
  'call-statistics-trouble': 'upload',
  'call-upload-voice': 'upload',
  'call-download-uneven': 'download',
  'call-download-still': 'download',
  'call-download-theirs': 'download',
  'call-far': 'upload',
  'call-download-weak': 'download',
  'call-talking-muted': 'muted',
  'call-microphone-lost': 'microphone-lost',
  'calling-relay-of-link': 'relay-certificateExpired',
  'call-camera-busy': 'camera-busy',
  'calling-camera-busy': 'camera-busy',
  'call-reconnecting': 'reconnecting',
  'call-chat-reconnecting': 'reconnecting',
  'call-screen-reconnecting': 'reconnecting',
  'call-no-microphone': 'microphone-missing',
  'call-no-camera': 'camera-missing',
  'trouble-my-microphone': 'myMicrophone',
  'trouble-my-camera': 'myCamera',
  'trouble-my-speaker': 'mySpeaker',
  'trouble-my-screen': 'myScreen',
  'trouble-their-microphone': 'theirMicrophone',
  'trouble-their-camera': 'theirCamera',
  'trouble-their-speaker': 'theirSpeaker',
  'trouble-their-speaker-long-name': 'theirSpeaker',
  'trouble-their-screen': 'theirScreen',
  'trouble-network-ours': 'network',
  'trouble-network-theirs': 'network',
  'trouble-network-no-camera': 'network',
  'trouble-unheard': 'unheard',
  'trouble-unseen': 'unseen',
  'trouble-unreceived': 'unreceived',
};

/** What axe-core has to complain about, one line each. */
export async function accessible(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof axeCore };
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${String(node.target)} ${node.failureSummary ?? ''}`),
    );
  });
}

/** The commands that the page sent so far. */
export async function commands(page: Page): Promise<unknown[]> {
  return page.evaluate(
    () => (window as unknown as { fake: { commands: unknown[] } }).fake.commands,
  );
}
