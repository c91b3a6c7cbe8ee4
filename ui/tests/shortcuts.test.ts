// @vitest-environment jsdom
import { beforeEach, describe, expect, test } from 'vitest';

import { HoldToTalk, shortcut } from '../src/state/shortcuts';

function press(key: string, on: Element = document.body, extra: KeyboardEventInit = {}) {
  let meant: ReturnType<typeof shortcut> = null;
  const listen = (event: KeyboardEvent) => {
    meant = shortcut(event);
  };
  addEventListener('keydown', listen, { once: true });
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...extra }));
  return meant;
}

function element(html: string): Element {
  document.body.innerHTML = html;
  const found = document.body.firstElementChild;
  if (!found) throw new Error('no element in the test');
  return found;
}

test.each([
  ['m', 'microphone'],
  ['V', 'camera'],
  ['s', 'share'],
  ['c', 'chat'],
  ['f', 'fullScreen'],
  ['F11', 'fullScreen'],
  ['?', 'list'],
  ['Escape', 'leave'],
  [' ', 'talk'],
  ['x', null],
  ['Enter', null],
])('%s means %s', (key, meaning) => {
  expect(press(key)).toBe(meaning);
});

test('Ctrl or Cmd with D and E work too, and nothing else with them', () => {
  expect(press('d', document.body, { ctrlKey: true })).toBe('microphone');
  expect(press('e', document.body, { metaKey: true })).toBe('camera');
  expect(press('m', document.body, { ctrlKey: true })).toBe(null);
  expect(press('d', document.body, { ctrlKey: true, shiftKey: true })).toBe(null);
});

test('faults take a chord that no hand finds by mistake, also where somebody types', () => {
  const field = element('<input>');
  expect(press('F', field, { ctrlKey: true, shiftKey: true })).toBe('faults');
  expect(press('f', document.body, { metaKey: true, shiftKey: true })).toBe('faults');
  expect(press('F', document.body, { shiftKey: true })).toBe('fullScreen');
  expect(press('f', document.body, { ctrlKey: true })).toBe(null);
  expect(press('f', document.body, { ctrlKey: true, shiftKey: true, altKey: true })).toBe(null);
});

test('letters never fire while somebody types, chords do', () => {
  const field = element('<input>');
  for (const key of ['m', 'v', 'f', '?', ' ']) expect(press(key, field)).toBe(null);
  expect(press('d', field, { ctrlKey: true })).toBe('microphone');
});

test('Space presses the button that the keyboard is on, and no other', () => {
  const button = element('<button>x</button>');
  expect(press('m', button)).toBe('microphone');
  // One that a click left focused does not match; jsdom cannot tell how the focus came.
  expect(press(' ', button)).toBe('talk');
  (button as HTMLElement).focus();
  expect(press(' ', button)).toBe(null);
});

describe('hold to talk', () => {
  let sent: boolean[];
  let talk: HoldToTalk;

  beforeEach(() => {
    sent = [];
    talk = new HoldToTalk((live) => sent.push(live));
  });

  test('speaks while held and mutes on release', () => {
    talk.press(false);
    talk.press(false);
    expect(talk.talking).toBe(true);
    talk.release();
    talk.release();
    expect(sent).toEqual([true, false]);
  });

  test('a live microphone is left alone', () => {
    talk.press(true);
    talk.release();
    expect(sent).toEqual([]);
  });

  test('a mute that arrives while held does not turn the release into an unmute', () => {
    talk.press(false);
    talk.press(true);
    talk.press(false);
    talk.release();
    expect(sent).toEqual([true, false]);
  });
});
