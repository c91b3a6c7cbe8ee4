/** What floats over the stage lies beside each other, in every window and corner. */
import { expect, type Page } from '@playwright/test';

import { open, test } from './page';

const WINDOWS = [
  { width: 1920, height: 1080 },
  { width: 1080, height: 720 },
  { width: 720, height: 480 },
  { width: 360, height: 640 },
];

/** Each pair of these that share a place of the window. */
function overlaps(page: Page, selectors: readonly string[]): Promise<string[]> {
  return page.evaluate((wanted) => {
    const boxes = wanted.flatMap((selector) => {
      const node = document.querySelector(selector);
      return node?.checkVisibility({ visibilityProperty: true })
        ? [{ selector, box: node.getBoundingClientRect() }]
        : [];
    });
    return boxes.flatMap((one, i) =>
      boxes
        .slice(i + 1)
        .filter(
          ({ box }) =>
            box.left < one.box.right &&
            one.box.left < box.right &&
            box.top < one.box.bottom &&
            one.box.top < box.bottom,
        )
        .map((other) => `${one.selector} ${other.selector}`),
    );
  }, selectors);
}

test('beside a shared screen both pictures and its size keep clear of each other', async ({
  page,
}) => {
  const floating = [
    '[data-corner]',
    '.tile',
    '.fit',
    '.top header',
    '.bar',
    '.panel',
    '[data-trouble]',
  ];
  for (const story of ['call-screen', 'call-screen-chat', 'call-screen-reconnecting']) {
    for (const window of WINDOWS) {
      await page.setViewportSize(window);
      await open(page, story);
      if (!(await page.locator('[data-corner]').isVisible())) {
        expect.soft(await overlaps(page, floating), `${story} ${String(window.width)}`).toEqual([]);
        continue;
      }
      await page.getByRole('button', { name: /^Your own picture/u }).focus();
      for (const key of ['ArrowUp', 'ArrowLeft', 'ArrowDown', 'ArrowRight']) {
        await page.keyboard.press(key);
        const corner = await page.locator('[data-corner]').getAttribute('data-corner');
        const moment = `${story} ${String(window.width)} ${String(corner)}`;
        expect.soft(await overlaps(page, floating), moment).toEqual([]);
      }
    }
  }
});

test('the question whether to record hides neither the bar nor what is being written', async ({
  page,
}) => {
  for (const window of WINDOWS) {
    await page.setViewportSize(window);
    await open(page, 'record-asked-chat');
    await expect(page.getByRole('textbox')).toBeFocused();
    const over = await overlaps(page, ['.question', '.composer', '.bar']);
    expect.soft(over, String(window.width)).toEqual([]);
    const box = await page.locator('.question').boundingBox();
    expect.soft(box?.y, String(window.width)).toBeGreaterThan(0);
  }
});
