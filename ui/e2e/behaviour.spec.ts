/** Keys, focus, pointer and motion in a real browser. */
import { expect } from '@playwright/test';

import { commands, open, test } from './page';

test('settings open, trap the focus, and give it back', async ({ page }) => {
  await open(page, 'home');
  await page.getByRole('button', { name: 'Settings' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await expect(dialog).toBeVisible();
  for (let i = 0; i < 12; i++) await page.keyboard.press('Tab');
  await expect(dialog.locator(':focus')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: 'Settings' })).toBeFocused();
});

test('every section of the settings is reached by arrow keys', async ({ page }) => {
  await open(page, 'settings-you');
  await page.getByRole('tab', { name: 'You' }).focus();
  for (const name of ['Sound', 'Camera', 'Network', 'Privacy', 'Look']) {
    await page.keyboard.press('ArrowDown');
    await expect(page.getByRole('tab', { name })).toHaveAttribute('aria-selected', 'true');
  }
  expect(await commands(page)).toEqual([
    { do: 'preview', camera: false, microphone: true },
    { do: 'preview', camera: false, microphone: false },
    { do: 'preview', camera: true, microphone: false },
    { do: 'preview', camera: false, microphone: false },
  ]);
});

test('a device is chosen by keyboard, and letters in the menu mute nothing', async ({ page }) => {
  await open(page, 'call');
  await page.getByRole('button', { name: 'Choose camera' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menu')).toBeVisible();
  await page.keyboard.press('m');
  for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitemradio', { name: 'Logitech BRIO' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menu')).toBeHidden();
  expect(await commands(page)).toEqual([{ do: 'useDevice', role: 'camera', id: 'c2' }]);
});

test('Tab reaches every control of the call in visual order, End last', async ({ page }) => {
  await open(page, 'call');
  const seen: string[] = [];
  for (let i = 0; i < 11; i++) {
    await page.keyboard.press('Tab');
    seen.push(
      (await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))) ?? '',
    );
  }
  expect(seen).toEqual([
    'Show the words again. Verified – you compared words on 3 May',
    'Your own picture. Press to swap the two pictures; arrow keys move it to another corner.',
    'Hide your own picture',
    'Mute the microphone',
    'Choose microphone and speaker',
    'Turn the camera off',
    'Choose camera',
    'Share a screen or a window',
    'Open the chat',
    'More',
    'End the call',
  ]);
});

test('a window is chosen by keyboard, is marked while it is shared, and S stops it', async ({
  page,
}) => {
  await open(page, 'call');
  await page.keyboard.press('s');
  const picker = page.getByRole('dialog', { name: 'Share with the call' });
  await expect(picker).toBeVisible();
  await expect(picker.locator('img')).toHaveCount(5);
  await page.keyboard.press('Tab');
  for (let i = 0; i < 4; i++) await page.keyboard.press('Tab');
  await expect(picker.getByRole('button', { name: 'Holiday photos' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(picker).toBeHidden();
  await expect(page.locator('[data-share="on"]')).toContainText('Holiday photos');
  await page.keyboard.press('s');
  await expect(page.locator('[data-share="on"]')).toBeHidden();
  expect(await commands(page)).toEqual([
    { do: 'share', source: 'window:0x2' },
    { do: 'share', source: null },
  ]);
});

test('a shared screen is shown whole or in its own size, and scrolled then', async ({ page }) => {
  await open(page, 'call-screen');
  const stage = page.getByRole('region', { name: 'Shared screen' });
  await expect(stage).toHaveAttribute('data-fit', 'fit');
  await page.getByRole('button', { name: 'Show the screen in its actual size' }).click();
  await expect(stage).toHaveAttribute('data-fit', 'actual');
  const scrolls = await stage.evaluate((node) => {
    node.scrollTo(300, 200);
    return [node.scrollWidth, node.scrollHeight, node.scrollLeft, node.scrollTop];
  });
  expect(scrolls).toEqual([1920, 1080, 300, 200]);
});

test('after a click on Mute, Space held talks and lets go muted', async ({ page }) => {
  await open(page, 'call');
  await page.getByRole('button', { name: 'Mute the microphone', exact: true }).click();
  const unmute = page.getByRole('button', { name: 'Unmute the microphone' });
  await expect(unmute).toBeVisible();
  await page.keyboard.down('Space');
  await page.waitForTimeout(300);
  await expect(unmute).toBeHidden();
  await page.keyboard.up('Space');
  await expect(unmute).toBeVisible();
  await page.waitForTimeout(200);
  await expect(unmute).toBeVisible();
  expect(await commands(page)).toEqual([
    { do: 'setMicrophone', live: false },
    { do: 'setMicrophone', live: true },
    { do: 'setMicrophone', live: false },
  ]);
});

test('the settings leave a call in reach: Mute, End and chords, but no letters', async ({
  page,
}) => {
  for (const story of ['call-settings', 'call-no-cameras']) {
    await open(page, story);
    if (story === 'call-no-cameras') {
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('menuitem', { name: 'Settings' }).click();
    }
    const dialog = page.getByRole('dialog', { name: 'Settings' });
    await expect(dialog).toBeVisible();
    await page.getByRole('tab', { name: 'You' }).click();
    await page.getByLabel('Name', { exact: true }).focus();
    await page.keyboard.press('m');
    await page.keyboard.press('Control+d');
    await page.keyboard.press('Control+e');
    await page.getByRole('button', { name: 'Unmute the microphone' }).click();
    await expect(dialog).toBeVisible();
    const wishes = (await commands(page)) as { do: string }[];
    expect(wishes.filter((one) => one.do !== 'preview')).toEqual([
      { do: 'setMicrophone', live: false },
      { do: 'setCamera', on: story === 'call-no-cameras' },
      { do: 'setMicrophone', live: true },
    ]);
    if (story === 'call-no-cameras') await page.keyboard.press('Escape');
    else {
      await page.getByRole('tab', { name: 'Camera' }).click();
      await dialog.getByLabel(/^Camera: /u).click();
      await page.getByRole('option', { name: 'Logitech BRIO' }).click();
    }
    await page.getByRole('button', { name: 'End the call' }).click();
    await expect(page.locator('[data-screen="ended"]')).toBeVisible();
  }
});

test('a menu closes by its button, and leaves End in reach', async ({ page }) => {
  await open(page, 'call');
  const more = page.getByRole('button', { name: 'More' });
  await more.click();
  await expect(page.getByRole('menu')).toBeVisible();
  await more.click();
  await expect(page.getByRole('menu')).toBeHidden();
  await more.click();
  await expect(page.getByRole('menu')).toBeVisible();
  await page.getByRole('button', { name: 'End the call' }).click();
  await expect(page.locator('[data-screen="ended"]')).toBeVisible();
});

test('the question mark lists the keys and Escape closes the list', async ({ page }) => {
  await open(page, 'call');
  await page.keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(list).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await expect(page.locator('[data-screen="call"]')).toBeVisible();
});

test('the own picture is dragged to a corner, moved by arrows, and hidden', async ({ page }) => {
  await open(page, 'call');
  const tile = page.locator('[data-corner]');
  const box = await tile.boundingBox();
  if (!box) throw new Error('the own picture has no box');
  await page.mouse.move(box.x + 60, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(200, 150, { steps: 4 });
  await page.mouse.up();
  await expect(tile).toHaveAttribute('data-corner', 'topLeft');
  // A drag is no press: the two pictures stay where they are.
  await expect(tile.locator('[data-picture="local"]')).toBeVisible();
  await page.getByRole('button', { name: 'Your own picture.' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(tile).toHaveAttribute('data-corner', 'topRight');
  await page.getByRole('button', { name: 'Hide your own picture' }).click();
  await expect(tile).toBeHidden();
});

test('a press on the small picture swaps the two, by pointer and by keyboard', async ({ page }) => {
  await open(page, 'call');
  const tile = page.locator('[data-corner]');
  const small = (stream: string) => tile.locator(`[data-picture="${stream}"]`);
  await tile.click();
  await expect(small('remote')).toBeVisible();
  await expect(page.locator('main > [data-picture="local"]')).toBeVisible();
  await page.getByRole('button', { name: 'Bea Lindqvist’s picture.' }).focus();
  await page.keyboard.press('Enter');
  await expect(small('local')).toBeVisible();
});

test('controls fade after three seconds of rest and come back', async ({ page }) => {
  await open(page, 'call');
  const bar = page.getByRole('group', { name: 'Call controls' });
  await expect(bar).toHaveAttribute('data-island', 'shown');
  await expect(bar).toHaveAttribute('data-island', 'gone', { timeout: 4500 });
  await page.mouse.move(200, 200);
  await expect(bar).toHaveAttribute('data-island', 'shown');
});

test('the duration counts on by itself', async ({ page }) => {
  await open(page, 'call', { still: false });
  await expect(page.getByRole('timer')).toHaveText('3:09', { timeout: 4000 });
});

test('pictures move, and only where they are shown', async ({ page }) => {
  await open(page, 'call', { still: false });
  const canvas = page.locator('[data-picture="remote"] canvas');
  const before = await canvas.screenshot();
  await page.waitForTimeout(400);
  expect(Buffer.compare(before, await canvas.screenshot())).not.toBe(0);
});

test('without motion the string stands still and keeps its shape', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, 'calling');
  const string = page.locator('.string .line').first();
  await expect(string).toHaveCSS('animation-name', 'none');
  await expect(string).toHaveCSS('stroke-dashoffset', '45px');
});

test('the theme follows the setting at once, and calls are always dark', async ({ page }) => {
  await open(page, 'settings-look');
  await page.getByText('Dark', { exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByText('Light', { exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await open(page, 'incoming', { theme: 'light' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('a wrong relay is refused in place, a right one is taken', async ({ page }) => {
  await open(page, 'settings-network');
  const field = page.getByLabel('Relay', { exact: true });
  await field.fill('https://relay.example');
  await field.press('Enter');
  await field.blur();
  await expect(page.getByText('A relay address begins with')).toBeVisible();
  await field.fill('wss://other.example/v1');
  await field.blur();
  await expect(page.getByText('Connected', { exact: true })).toBeVisible();
});

test('somebody nearby is reached and called by keyboard, before the people below', async ({
  page,
}) => {
  await open(page, 'home-nearby');
  await page.getByRole('textbox').focus();
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('Tab');
    seen.push(
      await page.evaluate(() => {
        const at = document.activeElement;
        return (at?.getAttribute('aria-label') ?? at?.querySelector('bdi')?.textContent) || '';
      }),
    );
  }
  expect(seen).toEqual([
    'Bea Lindqvist',
    'Call Bea Lindqvist',
    'Carl from the choir',
    'Call Carl from the choir',
    'Dina Okonkwo',
    'Call Dina Okonkwo',
  ]);
});

test('the check of the connection goes into its page and back by keyboard', async ({ page }) => {
  await open(page, 'settings-network');
  const check = page.getByRole('button', { name: 'Check the connection' });
  await check.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Check the connection' })).toBeFocused();
  await expect(page.getByText('Nothing was found that is in the way of calls.')).toBeVisible();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(check).toBeFocused();
});

test('a call that comes up under the pointer is not answered by the click meant for home', async ({
  page,
}) => {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1000);
  await open(page, 'incoming');
  const accept = page.getByRole('button', { name: 'Accept with video' });
  const box = await accept.boundingBox();
  if (!box) throw new Error('the answers are not on the screen');
  const press = () => page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await press();
  expect(await commands(page)).toEqual([]);
  await page.clock.runFor(500);
  await press();
  expect(await commands(page)).toEqual([{ do: 'accept', video: true }]);
});

test('the words open from the header, stay beside the controls, and give the focus back', async ({
  page,
}) => {
  await open(page, 'call');
  const mark = page.getByRole('button', { name: /^Show the words/u });
  await mark.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Compare words' });
  await expect(dialog).toBeVisible();
  await page.getByRole('button', { name: 'Mute the microphone', exact: true }).click();
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(mark).toBeFocused();
  await page.waitForTimeout(3500);
  expect(await commands(page)).toEqual([{ do: 'setMicrophone', live: false }]);
});

test('the header marks a person without moving what stands beside it', async ({ page }) => {
  await open(page, 'call-words');
  const bar = await page.getByRole('group', { name: 'Call controls' }).boundingBox();
  await page.getByRole('button', { name: 'They match' }).click();
  await expect(page.getByText(/is marked as verified/u)).toBeVisible();
  expect(await page.getByRole('group', { name: 'Call controls' }).boundingBox()).toEqual(bar);
  await page.getByRole('button', { name: 'Close' }).last().click();
  await expect(page.getByRole('button', { name: /^Show the words/u })).toBeVisible();
});

test('moving to another computer opens in sight and gives the focus back', async ({ page }) => {
  await open(page, 'settings-privacy');
  await page.getByRole('button', { name: 'Import…' }).click();
  await expect(page.getByRole('button', { name: 'Import and restart' })).toBeInViewport({
    ratio: 1,
  });
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Import…' })).toBeFocused();
});

test('opened from the menu, the panel takes the focus, pushes the stage and gives the focus back', async ({
  page,
}) => {
  await open(page, 'call');
  const more = page.getByRole('button', { name: 'More' });
  await more.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Statistics' }).click();
  const panel = page.getByRole('region', { name: 'Statistics' });
  await expect(panel).toBeFocused();
  await expect(panel).toHaveCSS('width', '320px');
  await expect(page.getByRole('main')).toHaveCSS('width', '760px');
  await page.getByRole('button', { name: 'Close the panel' }).click();
  await expect(more).toBeFocused();
  await expect(page.getByRole('main')).toHaveCSS('width', '1080px');
});

test('the panel covers neither bar nor trouble, nor the stage where there is room', async ({
  page,
}) => {
  for (const [width, height] of [
    [1080, 720],
    [960, 600],
    [720, 480],
    [360, 640],
  ] as const) {
    await page.setViewportSize({ width, height });
    await open(page, 'call-statistics-trouble');
    const covered = await page.evaluate(() => {
      const panel = document.querySelector('.panel')?.getBoundingClientRect();
      const reach = (selector: string) => {
        const box = document.querySelector(selector)?.getBoundingClientRect();
        if (!panel || !box) return true;
        return (
          box.left < panel.right &&
          panel.left < box.right &&
          box.top < panel.bottom &&
          panel.top < box.bottom
        );
      };
      const beside = innerWidth > 704 ? ['.top', '.self', '[data-picture=remote]'] : [];
      return ['.bar', '[data-trouble]', ...beside].filter(reach);
    });
    expect.soft(covered, `${String(width)} wide`).toEqual([]);
  }
});
