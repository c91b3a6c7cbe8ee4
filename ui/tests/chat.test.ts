// @vitest-environment jsdom
import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { BEA } from '../src/backend/stories/base';
import { clean, prepare, story } from './page';

const user = userEvent.setup();

beforeAll(prepare);
beforeEach(clean);

const field = () =>
  screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message to Bea Lindqvist' });
const said = () => screen.getByRole('list', { name: 'Messages with Bea Lindqvist' });

test('C opens the chat, and what is typed goes into it', async () => {
  const { backend } = await story('call');
  await user.keyboard('c');
  await vi.waitFor(() => {
    expect(field()).toHaveFocus();
  });
  await user.keyboard('mvc hello{Shift>}{Enter}{/Shift}there{Enter}');
  expect(backend.commands.filter((one) => one.do === 'setMicrophone')).toEqual([]);
  expect(backend.commands).toContainEqual({ do: 'say', text: 'mvc hello\nthere' });
  expect(within(said()).getByText(/mvc hello\s+there/u)).toBeVisible();
  expect(within(said()).getByText('Sending')).toBeVisible();
  expect(await within(said()).findByText('Delivered')).toBeVisible();
  expect(field().value).toBe('');
});

test('that somebody writes is told now and then, and not with every key', async () => {
  const { backend } = await story('call-chat-empty');
  await user.type(field(), 'quite some letters');
  expect(backend.commands.filter((one) => one.do === 'typing')).toHaveLength(1);
});

test('an Enter that picks what an input method offers sends nothing', async () => {
  const { backend } = await story('call-chat-empty');
  await user.type(field(), 'にほん');
  // WebKit has told the end of the composition by then: only the key code is that of an input method.
  for (const of of [{ isComposing: true }, { keyCode: 229 }]) {
    field().dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, ...of }));
  }
  expect(backend.commands.filter((one) => one.do === 'say')).toEqual([]);
});

test('what is refused stays to be sent again', async () => {
  const { backend } = await story('call-chat-empty');
  const perform = backend.perform.bind(backend);
  backend.perform = (command) =>
    command.do === 'say' ? Promise.reject({ code: 'tooManyTexts', message: '' }) : perform(command);
  await user.type(field(), 'hello{Enter}');
  expect(await screen.findByText(/Too many messages wait/u)).toBeVisible();
  expect(field().value).toBe('hello');
});

test('a draft waits while the chat is closed', async () => {
  await story('call-chat-empty');
  await user.type(field(), 'half');
  await user.click(screen.getByRole('button', { name: 'Close the panel' }));
  await user.keyboard('c');
  expect(field().value).toBe('half');
});

test('a text that is too long is not sent, and says so', async () => {
  const { backend } = await story('call-chat-empty');
  await user.click(field());
  await user.paste('x'.repeat(16 * 1024 + 3));
  const alert = screen.getByRole('alert');
  expect(alert).toHaveTextContent('This message is too long. Send it in two parts.');
  await user.keyboard('x');
  expect(screen.getByRole('alert')).toBe(alert);
  await user.keyboard('{Enter}');
  expect(backend.commands.filter((one) => one.do === 'say')).toEqual([]);
});

test('a link opens only after its whole host was shown', async () => {
  const { backend } = await story('call-chat');
  await user.click(screen.getByRole('link', { name: /Tin_can_telephone/u }));
  const sheet = await screen.findByRole('dialog', { name: 'Open this link?' });
  expect(within(sheet).getByText('en.wikipedia.org')).toBeVisible();
  expect(backend.links).toEqual([]);
  await user.click(within(sheet).getByRole('button', { name: 'Open' }));
  expect(backend.links).toEqual(['https://en.wikipedia.org/wiki/Tin_can_telephone']);
  expect(screen.queryByRole('dialog')).toBeNull();
});

test('what is unread stands on the button, and is read when the chat opens', async () => {
  const { backend } = await story('call-chat-unread');
  vi.spyOn(document, 'hasFocus').mockReturnValue(true);
  await user.click(screen.getByRole('button', { name: 'Open the chat, 2 unread messages' }));
  expect(backend.commands).toContainEqual({ do: 'readChat', open: true });
  expect(await screen.findByRole('button', { name: 'Close the chat' })).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Close the chat' }));
  expect(backend.commands).toContainEqual({ do: 'readChat', open: false });
  expect(screen.getByRole('button', { name: 'Open the chat' })).toBeVisible();
});

test('behind another window nothing is read', async () => {
  vi.spyOn(document, 'hasFocus').mockReturnValue(false);
  const { backend } = await story('call-chat');
  expect(backend.commands).not.toContainEqual({ do: 'readChat', open: true });
  window.dispatchEvent(new Event('focus'));
  await vi.waitFor(() => {
    expect(backend.commands).toContainEqual({ do: 'readChat', open: true });
  });
  window.dispatchEvent(new Event('blur'));
  await user.click(screen.getByRole('button', { name: 'Close the panel' }));
  const told = backend.commands.flatMap((one) => (one.do === 'readChat' ? [one.open] : []));
  expect(told).toEqual([false, true, false, false]);
});

test('what was not delivered in a call before can be said again in this one', async () => {
  const { backend } = await story('call-chat');
  expect(await screen.findByText('Do not forget the candles')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Send again' }));
  expect(backend.commands).toContainEqual({ do: 'say', text: 'Do not forget the candles' });
  await vi.waitFor(() => {
    expect(screen.queryByText('Not delivered')).toBeNull();
  });
  expect(screen.getAllByText('Do not forget the candles')).toHaveLength(1);
});

test('to a phone that takes no messages none are written', async () => {
  await story('call-chat-not-taken');
  expect(screen.getByText(/too old for messages/u)).toBeVisible();
  expect(field()).toBeDisabled();
  await vi.waitFor(() => {
    expect(screen.getByRole('region', { name: 'Messages' })).toHaveFocus();
  });
});

test('the page of a person has what was said, until it is forgotten', async () => {
  const { backend } = await story('home-messages');
  expect(await screen.findByText(/I will bring the cake/u)).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Send again' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Forget messages' }));
  const sheet = await screen.findByRole('dialog', {
    name: 'Forget your messages with Bea Lindqvist?',
  });
  await user.click(within(sheet).getByRole('button', { name: 'Cancel' }));
  expect(await backend.keptTexts(BEA.address)).not.toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Forget messages' }));
  await user.click(
    within(await screen.findByRole('dialog')).getByRole('button', { name: 'Forget messages' }),
  );
  await vi.waitFor(() => {
    expect(screen.queryByText(/I will bring the cake/u)).toBeNull();
  });
  expect(await backend.keptTexts(BEA.address)).toEqual([]);
});

test('a contact who is deleted takes their messages along', async () => {
  const { backend } = await story('home-messages');
  expect(await screen.findByText(/I will bring the cake/u)).toBeVisible();
  await backend.forgetTexts(BEA.address);
  await user.click(screen.getByRole('button', { name: 'Delete' }));
  await user.click(
    within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete' }),
  );
  await vi.waitFor(() => {
    expect(screen.queryByText(/I will bring the cake/u)).toBeNull();
  });
});

test('a test call has no chat', async () => {
  await story('call-test-beginning');
  expect(screen.queryByRole('button', { name: 'Open the chat' })).toBeNull();
  await user.keyboard('c');
  expect(screen.queryByRole('textbox')).toBeNull();
});

test('what did not reach the other side is told when the call is over', async () => {
  await story('ended-undelivered');
  expect(screen.getByText('Your last 2 messages did not reach Bea Lindqvist.')).toBeVisible();
});
