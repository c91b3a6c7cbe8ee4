/** What the doctor may find, for stories. */
import type { Check } from '../bindings/Check';
import type { CheckKind } from '../bindings/CheckKind';
import type { Finding } from '../bindings/Finding';
import type { InterfaceInfo } from '../bindings/InterfaceInfo';
import type { Report } from '../bindings/Report';
import type { Verdict } from '../bindings/Verdict';

type Found = Partial<Record<CheckKind, [Verdict, Finding]>>;

const WIFI: InterfaceInfo = {
  name: 'wlan0',
  kind: 'card',
  addresses: ['privateV4', 'linkLocalV6', 'publicV6'],
};

/** In the order of the program. */
const WELL: Required<Found> = {
  interfaces: ['pass', { code: 'networkUp', interfaces: [WIFI] }],
  vpn: ['pass', { code: 'noVpn' }],
  ownPort: ['pass', { code: 'ownPortOpen', port: 48_267, addresses: 3 }],
  dnsSd: ['pass', { code: 'announcementsPass', others: 2 }],
  beacon: ['pass', { code: 'announcementsPass', others: 2 }],
  neighbours: ['pass', { code: 'neighboursReached', heard: 2 }],
  peer: ['unknown', { code: 'noPeerNamed' }],
  wayIn: ['unknown', { code: 'noPeerNamed' }],
  firewall: ['unknown', { code: 'firewallNotSeen' }],
  clock: ['pass', { code: 'clockRight', seconds: 0 }],
  relay: ['pass', { code: 'relayOnline', ms: 38 }],
  stun: ['pass', { code: 'serversAnswer', servers: 2 }],
  turn: ['pass', { code: 'serversAnswer', servers: 1 }],
  nat: ['pass', { code: 'natFriendly' }],
  camera: [
    'pass',
    { code: 'cameraWorks', name: 'Integrated Camera', kind: 'real', width: 1280, height: 720 },
  ],
  microphone: [
    'pass',
    { code: 'microphoneHears', name: 'Built-in Microphone', kind: 'real', level: 0.2 },
  ],
  speaker: ['pass', { code: 'speakerPlays', name: 'Built-in Speakers', kind: 'real' }],
};

const report = (found: Found): Report => ({
  checks: Object.entries({ ...WELL, ...found }).map(([kind, [verdict, finding]]) => {
    return { kind: kind as CheckKind, verdict, finding } satisfies Check;
  }),
  redacted: 'Tincan 0.1.0 on Linux\ninterfaces: networkUp (1 card)\n',
});

export const ALL_WELL = report({});

/** A guest network that keeps its clients apart, seen from a machine with a VPN and a firewall. */
export const SEVERAL_FAIL = report({
  vpn: ['warn', { code: 'vpnCarriesInternet', interface: 'wg0' }],
  interfaces: [
    'pass',
    {
      code: 'networkUp',
      interfaces: [
        WIFI,
        { name: 'wg0', kind: 'tunnel', addresses: ['privateV4'] },
        { name: 'docker0', kind: 'bridge', addresses: ['privateV4'] },
      ],
    },
  ],
  neighbours: ['fail', { code: 'neighboursIsolated', heard: 4 }],
  peer: ['fail', { code: 'peerIsolated' }],
  wayIn: ['unknown', { code: 'wayInNotTried' }],
  firewall: ['warn', { code: 'firewallActive', program: 'ufw', port: 48_267 }],
  clock: ['fail', { code: 'clockWrong', seconds: -4020 }],
  relay: ['fail', { code: 'relayOffline', problem: 'certificateExpired' }],
  stun: ['unknown', { code: 'noServers' }],
  turn: ['unknown', { code: 'noServers' }],
  nat: ['unknown', { code: 'tooFewServers' }],
  camera: ['fail', { code: 'deviceFails', problem: 'busy' }],
  microphone: ['warn', { code: 'microphoneHearsNothing', name: 'Jabra Evolve2 65' }],
});

/** Another computer was named; it answers, and does not come through in turn. */
export const KEPT_OUT = report({
  peer: ['pass', { code: 'peerAnswers', ms: 4 }],
  wayIn: ['fail', { code: 'wayInBlocked', port: 48_267 }],
  firewall: ['fail', { code: 'firewallBlocks', program: 'ufw', port: 48_267 }],
});

/** No cable, no Wi-Fi, no devices. */
export const NOTHING_AROUND = report({
  interfaces: ['fail', { code: 'noNetwork' }],
  ownPort: ['unknown', { code: 'noNetworkToTry' }],
  dnsSd: ['unknown', { code: 'noNetworkToTry' }],
  beacon: ['unknown', { code: 'noNetworkToTry' }],
  neighbours: ['unknown', { code: 'noNetworkToTry' }],
  firewall: ['unknown', { code: 'noNetworkToTry' }],
  clock: ['unknown', { code: 'clockNotTold' }],
  relay: ['unknown', { code: 'noRelay' }],
  stun: ['unknown', { code: 'noServers' }],
  turn: ['unknown', { code: 'noServers' }],
  nat: ['unknown', { code: 'tooFewServers' }],
  camera: ['fail', { code: 'deviceFails', problem: 'missing' }],
  microphone: ['fail', { code: 'deviceFails', problem: 'missing' }],
});
