/** What all tests of the built page share. */
import { createRequire } from 'node:module';

import type { Page } from '@playwright/test';
import type axeCore from 'axe-core';

import type { StoryName } from '../src/backend/stories';

/** Where screenshots go, seen from the folder of the interface. */
export const SCREENS = '../target/screens';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

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
  'call-download-weak': 'download',
  'call-talking-muted': 'muted',
  'call-microphone-lost': 'microphone-lost',
  'call-camera-busy': 'camera-busy',
  'call-reconnecting': 'reconnecting',
};

/** What axe-core has to complain about, one line each. */
export async function accessible(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof axeCore };
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${String(node.target)} ${node.failureSummary ?? ''}`),
    );
  });
}

/** The wishes that the page sent so far. */
export async function commands(page: Page): Promise<unknown[]> {
  return page.evaluate(
    () => (window as unknown as { fake: { commands: unknown[] } }).fake.commands,
  );
}
