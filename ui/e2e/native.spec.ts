/**
 * With pictures drawn beneath the page, whatever lies in a picture's place and is no island is
 * hidden: so every control there must be on an island, and be seen.
 */
import { expect, type Page } from '@playwright/test';

import type { FakeBackend } from '../src/backend/fake';
import type { StoryName } from '../src/backend/stories';
import { open, test } from './page';

const OVER_PICTURES: StoryName[] = [
  'start',
  'calling',
  'connecting',
  'incoming',
  'call',
  'call-muted',
  'call-remote-muted',
  'call-test-sources',
  'call-reconnecting',
  'call-talking-muted',
  'trouble-my-microphone',
  'trouble-network-ours',
  'call-menu-microphone',
  'call-menu-camera',
  'call-menu-more',
  'call-words',
  'call-words-differ',
  'call-add',
  'call-statistics',
  'call-statistics-trouble',
  'call-shortcuts',
  'call-faults',
  'call-settings',
  'call-settings-camera',
  'call-sharing',
  'call-share-picker',
  'call-screen',
  'call-screen-chat',
  'call-chat',
  'record-asked',
  'record-asked-chat',
  'record-us',
  'record-them',
  'record-both',
  'record-menu',
  'record-sharing',
  'settings-camera',
];

test('every control over a picture is on an island', async ({ page }) => {
  for (const story of OVER_PICTURES) {
    await open(page, story, { surface: 'native' });
    await page.waitForTimeout(300);
    expect.soft(await hidden(page), story).toEqual([]);
  }
});

test('the picture fills the window and the own one its corner, at every size', async ({ page }) => {
  await open(page, 'call', { surface: 'native' });
  for (const [width, height] of [
    [1080, 720],
    [720, 480],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(350);
    const stage = await lastStage(page);
    expect(stage?.remote).toEqual({ x: 0, y: 0, w: width, h: height });
    expect(stage?.selfView && stage.selfView.x + stage.selfView.w).toBeCloseTo(width - 16, 0);
    expect(stage).toMatchObject({ selfLook: 'tile', mirrorSelf: true, fit: 'fit' });
  }
});

test('resting fades the islands by their alpha and not by CSS', async ({ page }) => {
  await open(page, 'call-faded', { surface: 'native' });
  await page.waitForTimeout(300);
  const stage = await lastStage(page);
  expect(stage?.islands.filter((one) => one.alpha > 0)).toEqual([]);
  await expect(page.getByRole('group', { name: 'Call controls' })).toHaveCSS('opacity', '1');
  await page.mouse.move(300, 300);
  await expect.poll(async () => (await lastStage(page))?.islands[0]?.alpha).toBe(0.9);
});

test('screens without pictures ask for none', async ({ page }) => {
  for (const story of ['home', 'ended', 'call-no-cameras']) {
    await open(page, story, { surface: 'native' });
    await page.waitForTimeout(300);
    expect(await lastStage(page), story).toMatchObject({ remote: null, selfView: null });
  }
});

async function lastStage(page: Page) {
  return page.evaluate(() => (window as unknown as { fake: FakeBackend }).fake.stages.at(-1));
}

async function hidden(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const stage = (window as unknown as { fake: FakeBackend }).fake.stages.at(-1);
    if (!stage) return ['no stage was reported'];
    const places = [stage.remote, stage.screen, stage.selfView].filter((one) => one !== null);
    const islands = stage.islands.filter((one) => one.alpha > 0);
    type Box = { x: number; y: number; w: number; h: number };
    const holds = (outer: Box, x: number, y: number) =>
      x >= outer.x && x < outer.x + outer.w && y >= outer.y && y < outer.y + outer.h;
    const seen = (x: number, y: number) =>
      !places.some((one) => holds(one, x, y)) || islands.some((one) => holds(one, x, y));
    return [...document.querySelectorAll<HTMLElement>('button, input, p, h1, h2, [role^=menuitem]')]
      .filter(
        (node) => node.checkVisibility() && !node.closest('[data-island="gone"], .hidden-text'),
      )
      .filter((node) => !node.matches('.handle'))
      .filter((node) => {
        const box = node.getBoundingClientRect();
        // What something else of the page lies over is not to be seen anyway.
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        if (!top || !(node.contains(top) || top.contains(node))) return false;
        return ![0.1, 0.5, 0.9].every((part) =>
          seen(box.x + box.width * part, box.y + box.height / 2),
        );
      })
      .map((node) => node.getAttribute('aria-label') ?? node.textContent.trim().slice(0, 40));
  });
}
