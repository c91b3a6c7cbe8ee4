/** What is about to be pressed stays where it is, whatever else changes meanwhile. */
import { expect, type Page } from '@playwright/test';

import type { Peer } from '../src/backend/bindings/Peer';
import type { FakeBackend } from '../src/backend/fake';
import type { StoryName } from '../src/backend/stories';
import { BEA, CARL, DINA, RTL, STRANGER } from '../src/backend/stories/base';
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

test('people come to the network into room that is there already', async ({ page }) => {
  for (const window of WINDOWS) {
    await page.setViewportSize(window);
    await open(page, 'home');
    const heading = page.getByRole('heading', { name: 'People' });
    const before = await heading.boundingBox();
    for (const who of [[STRANGER], [STRANGER, { ...STRANGER, address: 'tincan:other' }], []]) {
      await around(page, who);
      await expect(page.locator('[data-nearby] li')).toHaveCount(who.length);
      expect(await heading.boundingBox()).toEqual(before);
    }
  }
});

test('no row slips away from under the pointer as people come and go', async ({ page }) => {
  await open(page, 'home-nearby');
  await page.getByRole('button', { name: 'Call Bea Lindqvist' }).hover();
  const before = await rows(page);
  expect(Object.keys(before)).toHaveLength(4);
  await around(page, [CARL, DINA]);
  await expect(page.getByText('Not here any more')).toBeVisible();
  await expect(page.locator(`[data-person="${DINA.address}"]`)).toContainText('On your network');
  expect(await rows(page)).toEqual(before);
  await page.mouse.move(700, 60);
  await expect(page.locator('[data-nearby] [data-person]')).toHaveCount(2);
  expect(Object.keys(await rows(page))).toEqual([CARL, DINA, BEA, RTL].map((one) => one.address));
});

/** From now on these people are on the network. */
function around(page: Page, who: readonly Peer[]): Promise<void> {
  return page.evaluate((nearby) => {
    (window as unknown as { fake: FakeBackend }).fake.around([...nearby]);
  }, who);
}

/** Where the row of each person is, from the top. */
function rows(page: Page): Promise<Record<string, number>> {
  return page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll<HTMLElement>('[data-person]')].map((row) => [
        row.dataset['person'] ?? '',
        Math.round(row.getBoundingClientRect().top),
      ]),
    ),
  );
}

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
