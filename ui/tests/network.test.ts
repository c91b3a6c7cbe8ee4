import { expect, test } from 'vitest';

import { hasAccount, isRelayUrl, isServerUrl, needsAccount } from '../src/settings/network';

test.each(['ws://127.0.0.1:7700/v1', 'wss://relay.example/v1'])('%s can be a relay', (url) => {
  expect(isRelayUrl(url)).toBe(true);
});

test.each(['relay.example', 'https://relay.example', 'ws://', 'x'])('%s is no relay', (url) => {
  expect(isRelayUrl(url)).toBe(false);
});

test.each(['stun:a:3478', 'turn:a.example:3478?transport=udp', 'turns:a'])('%s can be', (url) => {
  expect(isServerUrl(url)).toBe(true);
});

test.each(['stun://a', 'stuns:a', 'a:3478', 'turn:', 'turn:a b'])('%s is no server', (url) => {
  expect(isServerUrl(url)).toBe(false);
});

test('TURN needs both halves of an account, STUN none', () => {
  expect(needsAccount('stun:a')).toBe(false);
  expect(needsAccount('turn:a') && needsAccount('turns:a')).toBe(true);
  const server = { url: 'turn:a', username: 'ada', credential: '' };
  expect(hasAccount(server)).toBe(false);
  expect(hasAccount({ ...server, credential: 'secret' })).toBe(true);
});
