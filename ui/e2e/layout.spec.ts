/** Everything stays whole and reachable in small and large windows and with large text. */
import { mkdirSync } from 'node:fs';

import { expect, type Page } from '@playwright/test';

import type { StoryName } from '../src/backend/stories';
import { open, SCREENS, START_MS, STORY_MS, test } from './page';

mkdirSync(SCREENS, { recursive: true });

const TELLING: StoryName[] = [
  'start',
  'home',
  'home-person',
  'home-contact',
  'home-long-names',
  'home-messages',
  'home-rename',
  'home-delete',
  'home-forget',
  'field-link',
  'home-nearby-several',
  'home-nearby-long-names',
  'home-nearby-offline',
  'home-nearby-first',
  'field-place',
  'calling',
  'calling-camera-busy',
  'incoming-long-name',
  'incoming-window-long-name',
  'incoming-window-camera-busy',
  'incoming-rtl',
  'incoming-unknown-name',
  'call',
  'call-devices-opening',
  'call-camera-busy',
  'call-share-picker',
  'call-sharing',
  'call-sharing-ended',
  'call-screen',
  'call-screen-chat',
  'call-screen-reconnecting',
  'call-reconnecting',
  'trouble-my-microphone',
  'trouble-my-screen',
  'trouble-their-speaker-long-name',
  'trouble-network-ours',
  'call-menu-microphone',
  'call-words-long',
  'call-words-differ',
  'call-words-matched',
  'call-add',
  'call-chat',
  'call-chat-long',
  'call-chat-failed',
  'call-chat-reconnecting',
  'call-chat-link',
  'call-chat-draft',
  'record-menu',
  'record-asked-long',
  'record-asked-chat',
  'record-us-low',
  'record-them-long',
  'record-saved',
  'call-statistics',
  'call-statistics-trouble',
  'call-shortcuts',
  'call-faults',
  'call-settings',
  'ended-undelivered',
  'ended-no-path',
  'ended-lost',
  'ended-lost-wanted',
  'ended-lost-waiting',
  'ended-lost-stranger',
  'ended-lost-long-name',
  'settings-sound',
  'settings-network',
  'settings-doctor-fails',
  'settings-doctor-running',
  'settings-privacy-blocked',
  'settings-privacy-export',
  'settings-privacy-import',
];

const WINDOWS = [
  { name: '360', width: 360, height: 640, text: 1 },
  { name: '720', width: 720, height: 480, text: 1 },
  { name: '1920', width: 1920, height: 1080, text: 1 },
  { name: 'text-200', width: 1080, height: 720, text: 2 },
];

for (const { name, width, height, text } of WINDOWS) {
  test(name, async ({ page }) => {
    test.setTimeout(TELLING.length * STORY_MS + START_MS);
    await page.setViewportSize({ width, height });
    // The default size of text, as a person sets it in the system: 16 CSS pixels ordinarily.
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setFontSizes', { fontSizes: { standard: 16 * text } });
    for (const story of TELLING) {
      await open(page, story, { theme: 'light' });
      await page.screenshot({ path: `${SCREENS}/${story}.${name}.png` });
      expect.soft(await lost(page), `${story} ${name}`).toEqual([]);
    }
  });
}

/** Buttons and fields that reach out of the window sideways, or that cannot be scrolled into it. */
function lost(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLElement>('button, input, h1, h2')];
    const name = (node: HTMLElement) =>
      node.getAttribute('aria-label') ?? node.textContent.trim().slice(0, 40);
    return controls
      .filter((node) => node.checkVisibility() && !node.closest('.hidden-text'))
      .filter((node) => {
        node.scrollIntoView({ block: 'nearest' });
        const box = node.getBoundingClientRect();
        if (box.width < 2) return false;
        const sideways = box.left < -1 || box.right > innerWidth + 1;
        return sideways || box.bottom > innerHeight + 1 || box.top < -1;
      })
      .map(name);
  });
}

test('a mark of recording stays in sight beside a panel that lies over the stage', async ({
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await open(page, 'record-them-chat');
  await expect(page.locator('[data-panel="chat"]')).toBeVisible();
  await expect(page.locator('[data-note="recording"]')).toBeVisible();
  const seen = await page.locator('[data-note="recording"] button').boundingBox();
  if (!seen) throw new Error('there is no way to stop it');
  const top = await page.evaluate(
    ([x, y]) => document.elementFromPoint(x ?? 0, y ?? 0)?.closest('[data-note]') !== null,
    [seen.x + seen.width / 2, seen.y + seen.height / 2],
  );
  expect(top).toBe(true);
});
