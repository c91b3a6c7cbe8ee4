/** Stories of local networks: who is nearby, who is asked for, and what the doctor says. */
import type { Report } from '../bindings/Report';
import type { TestReport } from '../bindings/TestReport';
import {
  active,
  BEA,
  CARL,
  DINA,
  HISTORY,
  LONG,
  NAMELESS,
  PEOPLE,
  RTL,
  type Story,
  story,
  STRANGER,
  SUMMARY,
  TEST,
} from './base';
import { KEPT_OUT, NOTHING_AROUND, SEVERAL_FAIL } from './doctor';
import { lan, PLACES } from './lan';
import { saved } from './people';

const OFFLINE = { relay: { state: 'offline' as const, problem: 'unreachable' as const } };
/** More than there is room for at first. */
const OFFICE = [BEA, CARL, DINA, STRANGER, RTL, NAMELESS].map((one, i) => ({
  ...one,
  name: one.name || `Workshop ${String(i)}`,
}));

/** A test call in which all came back. */
const CAME_BACK: TestReport = {
  over: false,
  voice: 'returned',
  picture: 'returned',
  problems: [],
  voiceDelayMs: 148,
  echoGainDb: -1,
  similarity: 0.96,
  pictureDelayMs: null,
  roundTripMs: 1,
  soundBufferMs: 40,
  audioLoss: 0,
  videoLoss: 0.001,
  remoteLoss: 0,
  frameWidth: 960,
  frameHeight: 540,
  framesPerSecond: 30,
};
const UNKNOWN = { voiceDelayMs: null, roundTripMs: null, videoLoss: 0 };

const CALL = '00f3a9c2d4e5b617';

export const NETWORKS = {
  'home-nearby': story(lan([BEA, CARL])),
  'home-nearby-several': story(lan(OFFICE), { lan: 'everyone' }),
  'home-nearby-one': story(lan([STRANGER]), { lan: 'everyone' }),
  'home-nearby-person': story(lan([BEA, STRANGER]), {}, { person: STRANGER.address }),
  'home-nearby-everyone': story({}, { lan: 'everyone' }),
  'home-nearby-joining': story(lan([], 'joining')),
  'home-nearby-failed': story(lan([], 'failed')),
  'home-nearby-off': story(lan([], 'off'), { lan: 'off' }),
  'home-nearby-offline': story({ ...OFFLINE, ...lan([BEA]) }),
  'home-nearby-relay-unset': story({ relay: { state: 'none' }, ...lan([BEA]) }, { relay: '' }),
  'home-nearby-relay-full': story({
    relay: { state: 'offline', problem: 'full' },
    ...lan([BEA]),
  }),
  'home-nearby-first': story(lan([STRANGER]), {}, {}, { history: [], people: [] }),
  'home-nearby-long-names': story(
    lan([LONG, RTL, { ...STRANGER, name: LONG.name }]),
    { name: LONG.name },
    {},
    {
      history: HISTORY.slice(0, 2).map((one) => ({ ...one, peer: LONG })),
      people: [saved(LONG, { pinnedAt: new Date(2025, 11, 24, 20, 0).getTime() }), ...PEOPLE],
    },
  ),
  'home-nearby-lively': { ...story(), lively: true },
  'field-place': story(lan([DINA]), {}, { field: PLACES.found }),
  'field-place-asking': story({}, {}, { field: PLACES.asking }),
  'field-place-nobody': story({}, {}, { field: '192.168.1.21:7777' }),
  'field-place-hidden': story({}, {}, { field: PLACES.hidden }),

  'call-server': story(active('connected', {}, { summary: { ...SUMMARY, path: 'server' } })),
  'call-test': tested(),
  'call-test-beginning': tested({ voice: 'waiting', ...UNKNOWN }),
  'call-test-lost': tested({
    voice: 'lost',
    problems: ['voiceLost', 'lossy'],
    voiceDelayMs: null,
    remoteLoss: 0.123,
  }),
  'call-test-silent': tested({ voice: 'silent', problems: ['notHeard'], voiceDelayMs: null }),
  'ended-test': testOver(),
  'ended-test-silent': testOver({ voice: 'silent', problems: ['notHeard'], voiceDelayMs: null }),
  'ended-test-no-camera': testOver({ picture: 'deviceFails', problems: ['cameraFails'] }),
  'ended-test-quieter': testOver({
    echoGainDb: -24,
    remoteLoss: 0.3,
    problems: ['quieter', 'lossy'],
  }),
  'ended-test-short': testOver({
    voice: 'waiting',
    picture: 'waiting',
    problems: ['voiceNoTime', 'pictureNoTime'],
    ...UNKNOWN,
  }),

  'settings-network-lan-failed': story(lan([], 'failed'), {}, { settings: 'network' }),
  'settings-network-livekit': story({}, { carrier: 'livekit' }, { settings: 'network' }),
  'settings-doctor': doctor(),
  'settings-doctor-fails': doctor(SEVERAL_FAIL),
  'settings-doctor-kept-out': doctor(KEPT_OUT),
  'settings-doctor-nothing': doctor(NOTHING_AROUND),
  'settings-doctor-running': doctor(null),
} satisfies Record<string, Story>;

function tested(change: Partial<TestReport> = {}): Story {
  const testCall = { ...CAME_BACK, ...change };
  return story(active('connected', { peer: TEST }), {}, { testing: TEST.address }, { testCall });
}

function testOver(change: Partial<TestReport> = {}): Story {
  const call = {
    state: 'ended' as const,
    call: CALL,
    peer: TEST,
    reason: 'localHangup' as const,
    lastedMs: 21_000,
    outgoing: true,
    resume: 'no' as const,
  };
  const testCall = { ...CAME_BACK, over: true, ...change };
  const engine = { ...active(), call, summary: SUMMARY };
  return story(engine, {}, { testing: TEST.address }, { testCall });
}

function doctor(report?: Report | null): Story {
  const one = story({}, {}, { settings: 'network', doctor: true });
  return report === undefined ? one : { ...one, report };
}
