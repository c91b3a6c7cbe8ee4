// @vitest-environment jsdom
import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { BEA, CARL, DINA, STRANGER } from '../src/backend/stories/base';
import { clean, prepare, story } from './page';

const user = userEvent.setup();
beforeAll(prepare);
beforeEach(clean);

const button = (name: string | RegExp) => screen.getByRole('button', { name });

test('the words are read from the header, and a match marks the person and changes no call', async () => {
  const { backend, app } = await story('call-remote-muted');
  await app.deleteContact(BEA.address);
  await user.click(button(/^Compare words/u));
  const words = screen.getByRole('list', { name: 'The four words' });
  expect(
    within(words)
      .getAllByRole('listitem')
      .map((one) => one.textContent),
  ).toEqual(['lantern', 'copper', 'meadow', 'seven']);
  await user.click(button('They match'));
  expect(await screen.findByText(/is marked as verified/u)).toBeVisible();
  expect(app.view?.people.find((one) => one.address === BEA.address)).toMatchObject({
    contact: true,
    pinnedAt: expect.any(Number),
  });
  expect(backend.commands).toEqual([]);
  await user.click(screen.getByText('Close'));
  expect(button(/^Show the words again. Verified/u)).toBeVisible();
});

test('words that differ change nothing by themselves, and End is one press away', async () => {
  const { backend, app } = await story('call-words');
  const before = app.view?.people;
  await user.click(button('They differ'));
  expect(screen.getByText(/Somebody may be in between/u)).toBeVisible();
  expect(app.view?.people).toBe(before);
  expect(backend.commands).toEqual([]);
  await user.click(button('Back to the words'));
  expect(button('They match')).toBeVisible();
  await user.click(button('They differ'));
  await user.click(screen.getAllByRole('button', { name: 'End the call' })[0] as HTMLElement);
  expect(backend.commands).toEqual([{ do: 'end' }]);
});

test('a pin that is refused is told, and nothing says that somebody is verified', async () => {
  const { backend } = await story('call-words');
  backend.pinWords = () => Promise.reject({ code: 'noWords', message: 'over' });
  await user.click(button('They match'));
  expect(await screen.findByText(/That call is over/u)).toBeVisible();
  expect(screen.queryByText(/marked as verified/u)).toBeNull();
});

test.each(['incoming', 'incoming-window'])('%s says that the caller is verified', async (name) => {
  await story(name);
  expect(screen.getByText(/^Verified – you compared words on 3 May/u)).toBeVisible();
});

test('a person of the list is renamed, and shows both names', async () => {
  const { app } = await story('home');
  await user.click(button(/^Dina Okonkwo/u));
  await user.click(button('Add to contacts'));
  const field = screen.getByRole('textbox', { name: 'Name' });
  expect(field).toHaveFocus();
  await user.keyboard('Dr Okonkwo{Enter}');
  expect(await screen.findByRole('heading', { name: 'Dr Okonkwo' })).toBeVisible();
  expect(screen.getByText('They call themselves Dina Okonkwo')).toBeVisible();
  expect(app.view?.people).toContainEqual(
    expect.objectContaining({ address: DINA.address, name: 'Dr Okonkwo', contact: true }),
  );
});

test('blocking asks first, and a blocked person is not called from the list', async () => {
  const { app } = await story('home');
  await user.click(button(/^Dina Okonkwo/u));
  await user.click(button('Block'));
  const dialog = screen.getByRole('dialog', { name: 'Block Dina Okonkwo?' });
  expect(within(dialog).getByText(/nothing rings here/u)).toBeVisible();
  expect(app.view?.people.some((one) => one.blocked)).toBe(false);
  await user.click(within(dialog).getByRole('button', { name: 'Block' }));
  expect(await screen.findByText(/^You blocked Dina Okonkwo/u)).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Call Dina Okonkwo' })).toBeNull();
  await user.click(button('Unblock'));
  expect(button('Call Dina Okonkwo')).toBeVisible();
});

test('a contact is deleted only after a question, which tells of the compared words', async () => {
  const { app } = await story('home-person');
  await user.click(button('Delete'));
  const dialog = screen.getByRole('dialog', { name: /^Delete Bea Lindqvist/u });
  expect(within(dialog).getByText(/compared words is deleted/u)).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  expect(app.view?.people.some((one) => one.address === BEA.address)).toBe(true);
  await user.click(button('Delete'));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Delete' }));
  expect(app.view?.people.some((one) => one.address === BEA.address)).toBe(false);
});

test('who only rang is listed as unknown', async () => {
  await story('home-stranger');
  expect(button(/^Emil Unknown caller Missed/u)).toBeVisible();
});

test('dialling somebody who is blocked offers to unblock them', async () => {
  const { app } = await story('field-address');
  await app.setBlocked(BEA.address, true);
  await user.click(button('Call'));
  expect(await screen.findByText(/You blocked this person/u)).toBeVisible();
  await user.click(button('Unblock'));
  expect(app.view?.people.find((one) => one.address === BEA.address)?.blocked).toBe(false);
  expect(screen.queryByText(/You blocked this person/u)).toBeNull();
});

test('somebody new is added after the call, and the button says so', async () => {
  const { app } = await story('ended-stranger');
  await user.click(button('Add to contacts'));
  expect(await screen.findByRole('button', { name: 'In your contacts' })).toBeDisabled();
  expect(app.view?.people.some((one) => one.address === STRANGER.address)).toBe(true);
});

test('a contact is not offered again after a call', async () => {
  await story('ended');
  expect(screen.queryByRole('button', { name: 'Add to contacts' })).toBeNull();
});

test('who may ring is chosen in the settings, and blocked people are let in again', async () => {
  const { backend, app } = await story('settings-privacy-blocked');
  const configure = vi.spyOn(backend, 'configure');
  await user.click(screen.getByRole('radio', { name: 'People you know' }));
  expect(configure).toHaveBeenCalledWith({ whoMayRing: 'known' });
  expect(screen.getByText(/Kept in a file on this computer/u)).toBeVisible();
  const [first] = screen.getAllByRole('button', { name: /^Unblock/u });
  await user.click(first as HTMLElement);
  expect(app.view?.people.filter((one) => one.blocked)).toHaveLength(2);
});

test('an export wants a passphrase twice, and says where it is', async () => {
  const { backend } = await story('settings-privacy-export');
  const write = vi.spyOn(backend, 'exportIdentity');
  await user.type(screen.getByLabelText('Passphrase'), 'copper lantern');
  await user.type(screen.getByLabelText('Passphrase once more'), 'copper lanterm');
  expect(button('Export')).toBeDisabled();
  expect(screen.getByText('The two are not the same.')).toBeVisible();
  await user.keyboard('{Backspace}n');
  await user.click(button('Export'));
  expect(write).toHaveBeenCalledWith('copper lantern');
  expect(await screen.findByText(/Downloads\/tincan/u)).toBeVisible();
});

test('an import wants a file, its passphrase and a clear yes', async () => {
  const { backend } = await story('settings-privacy-import');
  const read = vi.spyOn(backend, 'importIdentity');
  const go = button('Import and restart');
  await user.upload(screen.getByLabelText('Exported file'), new File(['abc'], 'tincan.tincan-key'));
  expect(screen.getByText('tincan.tincan-key')).toBeVisible();
  await user.type(screen.getByLabelText('Passphrase'), 'wrong passphrase');
  expect(go).toBeDisabled();
  await user.click(screen.getByRole('checkbox'));
  await user.click(go);
  expect(await screen.findByText(/not the one of this file/u)).toBeVisible();
  await user.clear(screen.getByLabelText('Passphrase'));
  await user.type(screen.getByLabelText('Passphrase'), 'copper lantern');
  await user.click(go);
  expect(read).toHaveBeenLastCalledWith('YWJj', 'copper lantern');
});

test('no identity is imported while a call runs', async () => {
  const { app } = await story('call');
  app.local.settings = 'privacy';
  expect(await screen.findByRole('button', { name: 'Import…' })).toBeDisabled();
});

test('a contact who calls goes by the name that the user gave', async () => {
  await story('incoming-renamed');
  expect(screen.getByRole('heading', { name: 'Carl from the choir is calling' })).toBeVisible();
  expect(CARL.name).toBe('Carl');
});
