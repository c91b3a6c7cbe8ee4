/** What is about to be pressed stays where it is, whatever else changes meanwhile. */
import { expect, type Page } from '@playwright/test';

import type { StoryName } from '../src/backend/stories';
import { open, SCREENS, test } from './page';

const WINDOWS = [
  { width: 1080, height: 720 },
  { width: 720, height: 480 },
  { width: 360, height: 640 },
];

/** One moment of a call after the other, as devices open or fail and the other side answers. */
const COURSES: Record<string, StoryName[]> = {
  incoming: ['incoming-opening', 'incoming', 'incoming-test-sources', 'incoming-camera-busy'],
  'incoming window': ['incoming-window-opening', 'incoming-window', 'incoming-window-camera-busy'],
  'our call': [
    'calling-camera-off',
    'calling',
    'ringing',
    'calling-test-sources',
    'calling-camera-busy',
    'connecting',
    'call-devices-opening',
    'call',
    'call-muted',
    'call-no-cameras',
    'call-reconnecting',
    'call-microphone-lost',
    'call-talking-muted',
    'call-receipts-unknown',
    'trouble-my-microphone',
    'trouble-network-no-camera',
    'trouble-their-speaker',
  ],
  'a lost call': ['ended-lost', 'ended-lost-wanted', 'ended-lost-waiting'],
};

for (const [course, stories] of Object.entries(COURSES)) {
  test(course, async ({ page }) => {
    for (const window of course.endsWith('window') ? [{ width: 380, height: 660 }] : WINDOWS) {
      await page.setViewportSize(window);
      let before: Record<string, string> = {};
      for (const story of stories) {
        await open(page, story, { theme: 'dark' });
        const places = await controls(page);
        const same = Object.entries(before).filter(([it]) => it in places || !isHeading(it));
        const moment = `${story} at ${String(window.width)}`;
        expect.soft(Object.keys(places).length, moment).toBeGreaterThanOrEqual(4);
        expect.soft(places, moment).toMatchObject(Object.fromEntries(same));
        before = places;
      }
    }
  });
}

test('an explanation opens without moving what is above it', async ({ page }) => {
  await open(page, 'ended-gone');
  const before = await controls(page);
  expect(Object.keys(before)).toHaveLength(4);
  await page.locator('summary').click();
  await expect(page.locator('details')).toHaveAttribute('open', '');
  expect(await controls(page)).toEqual(before);
});

test('a call that is waited for in vain leaves the other buttons where they are', async ({
  page,
}) => {
  await page.clock.install();
  await open(page, 'ended-lost');
  const before = await controls(page);
  const { resume, ...others } = before;
  expect(resume).toBeDefined();
  await page.getByRole('button', { name: 'Reconnect when possible' }).click();
  await page.getByRole('button', { name: 'Waiting…' }).waitFor();
  expect(await controls(page)).toEqual(before);
  await page.clock.runFor(121_000);
  await page.getByRole('main').getByText('This call cannot go on any more.').waitFor();
  expect(await controls(page)).toEqual(others);
  await expect(page.getByRole('heading')).toBeFocused();
  await page.screenshot({ path: `${SCREENS}/ended-lost-in-vain.dark.png` });
});

/** Another screen has another heading. */
const isHeading = (what: string) => what.startsWith('heading of');

/** Where each control is, in whole pixels, and the heading, if the screen has one. */
function controls(page: Page): Promise<Record<string, string>> {
  return page.evaluate(() => {
    const shown = document.querySelector('main')?.dataset['screen'] ?? '';
    const screen = shown === 'connecting' ? 'calling' : shown;
    const nodes = document.querySelectorAll(
      ['.bar', '.answers', '.actions'].map((it) => `main ${it} [data-action]`).join() + ', main h1',
    );
    return Object.fromEntries(
      [...nodes].map((node) => {
        const { left, top, width, height } = node.getBoundingClientRect();
        const place = [left, top, width, height].map(Math.round).join(' ');
        return [node.getAttribute('data-action') ?? `heading of ${screen}`, place];
      }),
    );
  });
}
