/** The conversation as it scrolls and is written, in a real browser. */
import { expect, type Page } from '@playwright/test';

import { commands, open, test } from './page';

const field = (page: Page) => page.getByRole('textbox', { name: 'Message to Bea Lindqvist' });

/** How far the list is from its end, in pixels. */
function below(page: Page): Promise<number> {
  return page
    .getByRole('region', { name: 'What was said' })
    .evaluate((node) => Math.round(node.scrollHeight - node.scrollTop - node.clientHeight));
}

test('the chat opens at its end, and keeps it while a long text is written', async ({ page }) => {
  await open(page, 'call-chat-long');
  expect(await below(page)).toBe(0);
  await field(page).fill('one\ntwo\nthree\nfour\nfive');
  await expect.poll(() => below(page)).toBe(0);
});

test('whoever scrolled up stays there until they write or go to the newest message', async ({
  page,
}) => {
  await open(page, 'call-chat-long', { still: false });
  await page.getByRole('region', { name: 'What was said' }).hover();
  await page.mouse.wheel(0, -400);
  const newest = page.getByRole('button', { name: 'To the newest message' });
  await expect(newest).toBeVisible();
  const up = await below(page);
  await page.waitForTimeout(500);
  expect(await below(page)).toBe(up);
  await newest.click();
  await expect.poll(() => below(page)).toBe(0);
  await expect(newest).toBeHidden();

  await page.mouse.wheel(0, -400);
  await expect(newest).toBeVisible();
  await field(page).fill('hello');
  await field(page).press('Enter');
  await expect.poll(() => below(page)).toBe(0);
});

test('after a press on Send the next letters go into the next message', async ({ page }) => {
  await open(page, 'call-chat-empty');
  await field(page).fill('hello');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.keyboard.type('mvc');
  await expect(field(page)).toHaveValue('mvc');
  const sent = (await commands(page)) as { do: string }[];
  expect(sent.map((one) => one.do)).not.toContain('setMicrophone');
  expect(sent).toContainEqual({ do: 'say', text: 'hello' });
});
