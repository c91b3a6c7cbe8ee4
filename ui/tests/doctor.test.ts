import { expect, test } from 'vitest';

import type { Check } from '../src/backend/bindings/Check';
import type { CheckKind } from '../src/backend/bindings/CheckKind';
import type { Finding } from '../src/backend/bindings/Finding';
import type { Verdict } from '../src/backend/bindings/Verdict';
import { ALL_WELL, NOTHING_AROUND, SEVERAL_FAIL } from '../src/backend/stories/doctor';
import { m } from '../src/paraglide/messages';
import { found, grouped, remedy, troubles } from '../src/settings/doctor';

type Of<C extends Finding['code']> = Omit<Extract<Finding, { code: C }>, 'code'>;
type Sample<C extends Finding['code']> = [Verdict, CheckKind, Of<C>];

const interfaces = [
  { name: 'wlan0', kind: 'card' as const, addresses: ['privateV4' as const] },
  { name: 'wg0', kind: 'tunnel' as const, addresses: [] },
];

/** Each finding that there is, with the verdict that the program gives it. */
const EVERY: { [C in Finding['code']]: Sample<C> } = {
  networkUp: ['pass', 'interfaces', { interfaces }],
  onlySelfAssigned: ['warn', 'interfaces', { interfaces }],
  onlyVirtual: ['warn', 'interfaces', { interfaces }],
  noNetwork: ['fail', 'interfaces', {}],
  noVpn: ['pass', 'vpn', {}],
  vpnUnused: ['pass', 'vpn', {}],
  vpnCarriesInternet: ['warn', 'vpn', { interface: 'wg0' }],
  vpnCarriesLan: ['fail', 'vpn', { interface: 'wg0' }],
  ownPortOpen: ['pass', 'ownPort', { port: 7777, addresses: 2 }],
  ownPortBlocked: ['fail', 'ownPort', { port: 7777, blocked: 1, addresses: 2 }],
  temporaryPort: ['unknown', 'ownPort', { port: 7777, blocked: 0, addresses: 2 }],
  noPort: ['fail', 'ownPort', {}],
  announcementsPass: ['pass', 'dnsSd', { others: 1 }],
  announcementsAlone: ['pass', 'dnsSd', {}],
  announcementsNotSent: ['fail', 'dnsSd', { others: 3 }],
  announcementsSilent: ['fail', 'beacon', {}],
  neighboursReached: ['pass', 'neighbours', { heard: 1 }],
  neighboursPartly: ['warn', 'neighbours', { heard: 3, reached: 1 }],
  neighboursIsolated: ['fail', 'neighbours', { heard: 2 }],
  nobodyHeard: ['unknown', 'neighbours', {}],
  peerAnswers: ['pass', 'peer', { ms: 3 }],
  peerNotFound: ['fail', 'peer', {}],
  peerRefuses: ['fail', 'peer', {}],
  peerIsNotTincan: ['fail', 'peer', {}],
  peerSaysNothing: ['fail', 'peer', {}],
  peerIsAnother: ['fail', 'peer', {}],
  peerNoRoute: ['fail', 'peer', {}],
  peerAbsent: ['fail', 'peer', {}],
  peerSilent: ['fail', 'peer', {}],
  peerIsolated: ['fail', 'peer', {}],
  noPeerNamed: ['unknown', 'peer', {}],
  wayInOpen: ['pass', 'wayIn', {}],
  wayInBlocked: ['fail', 'wayIn', { port: 7777 }],
  wayInLeadsElsewhere: ['fail', 'wayIn', {}],
  wayInNotTried: ['unknown', 'wayIn', {}],
  wayInNotThere: ['unknown', 'wayIn', {}],
  firewallLetsIn: ['pass', 'firewall', {}],
  firewallBlocks: ['fail', 'firewall', { program: null, port: 7777 }],
  firewallActive: ['warn', 'firewall', { program: 'ufw', port: 7777 }],
  firewallNotSeen: ['unknown', 'firewall', {}],
  clockRight: ['pass', 'clock', { seconds: 1 }],
  clockWrong: ['fail', 'clock', { seconds: 90 }],
  clockNotTold: ['unknown', 'clock', {}],
  relayOnline: ['pass', 'relay', { ms: 30 }],
  relayOffline: ['fail', 'relay', { problem: 'full' }],
  noRelay: ['unknown', 'relay', {}],
  serversAnswer: ['pass', 'stun', { servers: 1 }],
  serversPartly: ['warn', 'stun', { servers: 2, answering: 1 }],
  serversSilent: ['fail', 'turn', { servers: 1 }],
  credentialsRefused: ['fail', 'turn', { servers: 1 }],
  relayingRefused: ['fail', 'turn', { servers: 1 }],
  noServers: ['unknown', 'turn', {}],
  serversNotChecked: ['unknown', 'turn', { servers: 1 }],
  noNat: ['pass', 'nat', {}],
  natFriendly: ['pass', 'nat', {}],
  natSymmetric: ['warn', 'nat', {}],
  udpBlocked: ['fail', 'nat', {}],
  tooFewServers: ['unknown', 'nat', {}],
  cameraWorks: ['pass', 'camera', { name: 'Cam', kind: 'real', width: 640, height: 480 }],
  cameraCovered: ['warn', 'camera', { name: 'Cam' }],
  microphoneHears: ['pass', 'microphone', { name: 'Mic', kind: 'real', level: 0.1 }],
  microphoneHearsNothing: ['warn', 'microphone', { name: 'Mic' }],
  speakerPlays: ['pass', 'speaker', { name: 'Box', kind: 'real' }],
  deviceFails: ['fail', 'speaker', { problem: 'busy' }],
  deviceSilent: ['fail', 'microphone', { name: 'Mic' }],
  deviceInUseHere: ['pass', 'camera', {}],
  lanOff: ['unknown', 'dnsSd', {}],
  notHere: ['unknown', 'vpn', {}],
  timedOut: ['unknown', 'stun', {}],
  noNetworkToTry: ['unknown', 'beacon', {}],
};

const checks: Check[] = Object.entries(EVERY).map(([code, [verdict, kind, values]]) => {
  return { kind, verdict, finding: { code, ...values } as Finding };
});

test.each(checks)('$finding.code is told in a sentence', (check) => {
  const text = found(check);
  expect(text).toMatch(/^\S.*[.…]$/u);
  expect(text).not.toMatch(/undefined|null|[{}]|doctor_|NaN/u);
});

test.each(checks)('$finding.code says what to do, if something is to be done', (check) => {
  const bad = check.verdict === 'warn' || check.verdict === 'fail';
  const text = remedy(check);
  // Their sentences say it along.
  const both = ['relayOffline', 'deviceFails'].includes(check.finding.code);
  if (!bad || both) expect(text).toBeNull();
  else expect(text).toMatch(/^\S[^{}]*\.$/u);
});

test.each([
  ['ownPort', { code: 'ownPortBlocked', port: 7777, blocked: 1, addresses: 2 }],
  ['wayIn', { code: 'wayInBlocked', port: 7777 }],
  ['firewall', { code: 'firewallBlocks', program: null, port: 7777 }],
  ['firewall', { code: 'firewallActive', program: 'ufw', port: 7777 }],
] as [CheckKind, Finding][])('what a firewall has to let in is named (%s %o)', (kind, finding) => {
  const text = remedy({ kind, verdict: 'fail', finding }) ?? '';
  for (const port of ['TCP 7777', 'UDP 48266', '5353']) expect(text).toContain(port);
});

test('a port that was opened for the check is no pass, blocked or not', () => {
  const finding = { code: 'temporaryPort' as const, port: 7777, addresses: 2 };
  const said = [0, 1].map((blocked) => {
    return found({ kind: 'ownPort', verdict: 'unknown', finding: { ...finding, blocked } });
  });
  expect(said[0]).toContain('answers');
  expect(said[1]).toContain('blocked');
});

test('what is in the way comes first, then what could be better, what is well, what is not known', () => {
  const order = grouped(SEVERAL_FAIL.checks);
  expect(order.map(({ group }) => group)).toEqual(['bad', 'pass', 'unknown']);
  expect(order[0]?.checks.map(({ verdict }) => verdict).join(' ')).toMatch(/^(fail ?)+(warn ?)+$/u);
  expect(order.flatMap((one) => one.checks)).toHaveLength(SEVERAL_FAIL.checks.length);
  expect(troubles(SEVERAL_FAIL.checks)).toBe(order[0]?.checks.length);
  expect(troubles(ALL_WELL.checks)).toBe(0);
  expect(grouped(ALL_WELL.checks)[0]?.group).toBe('pass');
  expect(troubles(NOTHING_AROUND.checks)).toBe(3);
});

test.each([
  [75, 'It is 75 seconds fast.'],
  [-130, 'It is 2 minutes slow.'],
  [7200, 'It is 2 hours fast.'],
  [-86_400 * 40, 'It is 40 days slow.'],
])('a clock that is %d seconds off is told in the unit that fits', (seconds, text) => {
  const finding = { code: 'clockWrong' as const, seconds };
  expect(found({ kind: 'clock', verdict: 'fail', finding })).toBe(text);
});

test('a VPN and a network of virtual machines are told apart from a network card', () => {
  const finding: Finding = {
    code: 'networkUp',
    interfaces: [...interfaces, { name: 'docker0', kind: 'bridge', addresses: [] }],
  };
  expect(found({ kind: 'interfaces', verdict: 'pass', finding })).toBe(
    'This computer is on a network: wlan0, wg0 (VPN), docker0 (virtual).',
  );
});

test.each(['synthetic', 'file'] as const)('a %s camera is told as what it is', (kind) => {
  const finding: Finding = { code: 'cameraWorks', name: 'x.mp4', kind, width: 640, height: 480 };
  const text = kind === 'synthetic' ? m.devices_testPicture() : 'Recording as camera: x.mp4';
  expect(found({ kind: 'camera', verdict: 'pass', finding })).toBe(text);
});
