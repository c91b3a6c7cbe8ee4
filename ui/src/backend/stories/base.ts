/** What all stories start from: Ada's installation with ordinary devices, nothing going on. */
import type { Opening } from '../backend';
import type { ActivePhase } from '../bindings/ActivePhase';
import type { CallRecord } from '../bindings/CallRecord';
import type { CallStats } from '../bindings/CallStats';
import type { CallSummary } from '../bindings/CallSummary';
import type { Controls } from '../bindings/Controls';
import type { DeviceInfo } from '../bindings/DeviceInfo';
import type { DeviceView } from '../bindings/DeviceView';
import type { EndReason } from '../bindings/EndReason';
import type { EngineView } from '../bindings/EngineView';
import type { HistoryEntry } from '../bindings/HistoryEntry';
import type { KeptText } from '../bindings/KeptText';
import type { Lacking } from '../bindings/Lacking';
import type { ConnectionQuality } from '../bindings/ConnectionQuality';
import type { Peer } from '../bindings/Peer';
import type { Person } from '../bindings/Person';
import type { Received } from '../bindings/Received';
import type { RecordingView } from '../bindings/RecordingView';
import type { Report } from '../bindings/Report';
import type { ScreenList } from '../bindings/ScreenList';
import type { QualityCause } from '../bindings/QualityCause';
import type { QualityView } from '../bindings/QualityView';
import type { Settings } from '../bindings/Settings';
import type { UiView } from '../bindings/UiView';
import type { VoiceHealth } from '../bindings/VoiceHealth';
import type { ActiveCall } from '../call';
import { CODE } from './code';
import { ALL_WELL } from './doctor';
import { lan } from './lan';
import { saved } from './people';
import { SCREENS } from './screens';

/** One story: what the page gets to see, and what is open on it. */
export interface Story {
  readonly view: UiView;
  readonly opening: Opening;
  /** Whether it is the small window of an incoming call that shows. */
  readonly small: boolean;
  /** Pictures are small moving scenes, or a test picture as from a synthetic camera. */
  readonly test: boolean;
  /** What the doctor finds; null while it still looks. */
  readonly report: Report | null;
  /** What can be shared. */
  readonly screens: ScreenList;
  /** People come to the local network and go. */
  readonly lively: boolean;
  /** What was said in text in past calls. */
  readonly kept: readonly KeptText[];
}

/** A Saturday afternoon; stories show the same times on every day. */
export const NOW = new Date(2026, 10, 21, 15, 30).getTime();
export const BOTH: Controls = { microphone: true, camera: true };
/** Every device that the other side wants works there. */
export const NONE_LACKING: Lacking = { microphone: false, camera: false };
export const NOT_RECORDED: RecordingView = {
  ours: { state: 'off' },
  theirs: { state: 'off' },
};
const NONE: Controls = { microphone: false, camera: false };
export const SUMMARY: CallSummary = { path: 'local', good: true, video: true };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const ADA: Peer = {
  address: 'tincan:7q2fk5mxa3o6zt4wlbn2ydcjrhv5u7gse3pix4qkt6mawoz2lbnfrhsd',
  name: 'Ada',
};
export const BEA: Peer = {
  address: 'tincan:c5rmwz7yqkd2ltp4jhx6vbnoa3fesgiu5y7kqzm2wdr4xclptb6hoa3e',
  name: 'Bea Lindqvist',
};
export const CARL: Peer = {
  address: 'tincan:m3xgdq6plw2otzhy4r7kcbnva5jfseiu3q6mkzy2xtw4drclpob7ha5n',
  name: 'Carl',
};
export const DINA: Peer = {
  address: 'tincan:xk4wqz2ydm6rtlp3jhc7vbnoe5fagsiu2y4kqzm7wdr3xclptb5hoi6d',
  name: 'Dina Okonkwo',
};
/** The peer inside the program, as a test call shows it. */
export const TEST: Peer = {
  address: 'tincan:t3stwz7yqkd2ltp4jhx6vbnoa3fesgiu5y7kqzm2wdr4xclptb6hot3s',
  name: 'Test call',
};
export const NAMELESS: Peer = { ...DINA, address: DINA.address.replace('xk4w', 'u6rt'), name: '' };
export const STRANGER: Peer = {
  ...DINA,
  address: DINA.address.replace('xk4w', 'q3hv'),
  name: 'Emil',
};
export const LONG: Peer = {
  address: 'tincan:l2nqwz7yqkd2ltp4jhx6vbnoa3fesgiu5y7kqzm2wdr4xclptb6hon4g',
  name: 'Maximiliane-Theodora von Hohenlohe-Schillingsfürst-Waldenburg',
};
export const RTL: Peer = {
  address: 'tincan:r4tlwz7yqkd2ltp4jhx6vbnoa3fesgiu5y7kqzm2wdr4xclptb6hoar3',
  name: 'مريم بنت عبد الرحمن',
};
/** Names that cannot be read or that reach beyond their place. */
export const ODD: Peer[] = [
  'Z' + '\u030d\u0324'.repeat(32) + 'oe',
  '\u3164',
  '\u202eReverse\u2066',
  'W'.repeat(64),
  '﷽'.repeat(6),
  '\u{10d00}\u{10d01}\u{10d02} \u{1e900}',
].map((name, i) => ({ ...DINA, address: DINA.address.replace('xk4w', `odd${i + 2}`), name }));

export function odd(which: number): Peer {
  return ODD[which] ?? NAMELESS;
}

const entry = (
  peer: Peer,
  ago: number,
  outgoing: boolean,
  reason: EndReason,
  lastedMs: number | null,
  relay: string | null = null,
): HistoryEntry => ({
  peer,
  relay,
  at: NOW - ago,
  outgoing,
  reason,
  accepted: !outgoing && lastedMs !== null,
  lastedMs,
  record: null,
});

/** A call that was long enough to be judged: good, unless said otherwise. */
const recorded = (call: HistoryEntry, change: Partial<CallRecord> = {}): HistoryEntry => ({
  ...call,
  record: {
    path: 'direct',
    send: { mean: 'excellent', worst: 'good', lostPerMille: 1 },
    receive: { mean: 'excellent', worst: 'excellent', lostPerMille: 0 },
    frameWidth: 1280,
    frameHeight: 720,
    ...change,
  },
});

export const HISTORY: HistoryEntry[] = [
  recorded(entry(BEA, 52 * MINUTE, true, 'remoteHangup', 24 * MINUTE + 7000)),
  entry(CARL, 88 * MINUTE, false, 'missed', null),
  recorded(entry(BEA, 5 * HOUR, false, 'localHangup', 3 * MINUTE + 7000), {
    path: 'relayed',
    send: { mean: 'good', worst: 'poor', lostPerMille: 31 },
    frameWidth: 640,
    frameHeight: 360,
  }),
  entry(DINA, 26 * HOUR, true, 'noAnswer', null, 'wss://relay.dina.example/v1'),
  entry(BEA, 50 * HOUR, true, 'unreachable', null),
  entry(RTL, 74 * HOUR, false, 'remoteHangup', 61 * MINUTE),
  entry(CARL, 98 * HOUR, true, 'localHangup', 12 * MINUTE),
];

/** Bea is verified, Carl is a contact under another name, Dina was only called. */
export const PEOPLE: Person[] = [
  saved(BEA, { pinnedAt: new Date(2026, 4, 3, 19, 5).getTime() }),
  saved(CARL, { name: 'Carl from the choir' }),
];

export const WORDS: [string, string, string, string] = ['lantern', 'copper', 'meadow', 'seven'];

const real = (id: string, name: string, isDefault = false): DeviceInfo => ({
  id,
  name,
  kind: 'real',
  isDefault,
});

const SYNTHETIC_CAMERA: DeviceInfo = {
  id: 'synthetic',
  name: 'Test picture',
  kind: 'synthetic',
  isDefault: false,
};
const SYNTHETIC_MICROPHONE: DeviceInfo = { ...SYNTHETIC_CAMERA, name: 'Test voice' };

const device = (available: DeviceInfo[], on: boolean): DeviceView => ({
  available,
  chosen: null,
  now: on
    ? { state: 'on', name: available[0]?.name ?? '', kind: available[0]?.kind ?? 'real' }
    : { state: 'off' },
});

export function devices(on: boolean): Pick<EngineView, 'camera' | 'microphone' | 'speaker'> {
  return {
    camera: device(
      [real('c1', 'Integrated Camera', true), real('c2', 'Logitech BRIO'), SYNTHETIC_CAMERA],
      on,
    ),
    microphone: device(
      [
        real('m1', 'Built-in Microphone', true),
        real('m2', 'Jabra Evolve2 65'),
        SYNTHETIC_MICROPHONE,
      ],
      on,
    ),
    speaker: device([real('s1', 'Built-in Speakers', true), real('s2', 'Jabra Evolve2 65')], on),
  };
}

/** A machine without camera and microphone, as most test machines are. */
export function testSources(): Pick<EngineView, 'camera' | 'microphone' | 'speaker'> {
  return {
    camera: device([{ ...SYNTHETIC_CAMERA, isDefault: true }], true),
    microphone: device([{ ...SYNTHETIC_MICROPHONE, isDefault: true }], true),
    speaker: device([real('s1', 'Built-in Speakers', true)], true),
  };
}

export const STATS: CallStats = {
  path: 'local',
  currentRoundTripTime: 0.004,
  targetBitrate: 2_500_000,
  videoSendBitrate: 2_310_000,
  videoReceiveBitrate: 2_280_000,
  audioSendBitrate: 32_000,
  audioReceiveBitrate: 32_000,
  audioLevel: 0.05,
  echoReturnLoss: 12,
  echoReturnLossEnhancement: 31,
  framesPerSecondSent: 30,
  framesPerSecondReceived: 30,
  frameWidth: 1280,
  frameHeight: 720,
  framesDecoded: 5610,
  framesDropped: 0,
  keyFramesDecoded: 2,
  freezeCount: 0,
  videoLoss: 0,
  audioLoss: 0,
  remoteLoss: 0,
  connectionQuality: null,
  remoteConnectionQuality: null,
  audioJitterBufferDelay: 0.024,
  concealed: 0,
  lipSync: 0.004,
  acceptToFirstFrameMs: 140,
  acceptToFirstAudioMs: 90,
  encodeMs: 3.1,
  decodeMs: 1.2,
  screen: {
    sendBitrate: 0,
    receiveBitrate: 0,
    framesPerSecondSent: 0,
    framesPerSecondReceived: 0,
    keyFramesEncoded: 0,
    framesDecoded: 0,
    frameWidth: 0,
    frameHeight: 0,
    encodeMs: 0,
  },
  availableOutgoingBitrate: 2_900_000,
  jitter: 0.003,
  videoJitter: 0.004,
  packetsSent: 48_210,
  retransmittedPacketsSent: 3,
  packetsReceived: 47_930,
  packetsLost: 0,
  nackCount: 2,
  pliCount: 0,
  remoteAudioLoss: 0,
  remoteVideoLoss: 0,
  concealment: 0,
  totalFreezesDuration: 0,
  frameWidthSent: 1280,
  frameHeightSent: 720,
  processCpu: 0.31,
  keyFramesEncoded: 2,
};

export const GOOD: QualityView = {
  send: { level: 'excellent', cause: null },
  receive: { level: 'excellent', cause: null },
};

/** One direction is bad. */
export function poorly(
  direction: keyof QualityView,
  cause: QualityCause,
  level: ConnectionQuality = 'poor',
): QualityView {
  return { ...GOOD, [direction]: { level, cause } };
}

const SETTINGS: Settings = {
  name: 'Ada',
  started: true,
  camera: null,
  microphone: null,
  speaker: null,
  ringSpeaker: null,
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  relay: 'wss://relay.example/v1',
  iceServers: [],
  theme: 'system',
  selfView: 'shown',
  pictureFit: 'fit',
  ringSeconds: 45,
  maxSendKbps: 4000,
  whoMayRing: 'everybody',
  lan: 'known',
  keepTexts: true,
  carrier: 'direct',
};

/** All that is done to the own voice works. */
export const WELL: VoiceHealth = {
  echoCancellation: 'well',
  noiseSuppression: 'well',
  autoGainControl: 'well',
  echoRemoved: null,
};

const BASE: UiView = {
  revision: 1,
  fullScreen: false,
  engine: {
    relay: { state: 'online' },
    ...lan(),
    call: { state: 'idle' },
    ...devices(false),
    microphoneLevel: 0,
    microphoneSilent: false,
    voiceHealth: WELL,
    remoteLevel: 0,
    localPicture: false,
    remotePicture: false,
    share: { state: 'off', problem: null },
    remoteScreen: null,
    stats: null,
    quality: null,
    summary: null,
    recording: null,
    chat: null,
    words: null,
  },
  testCall: null,
  settings: SETTINGS,
  me: {
    address: ADA.address,
    link: `${ADA.address}?relay=wss%3A%2F%2Frelay.example%2Fv1&name=Ada`,
    qrSvg: CODE,
  },
  profile: null,
  surface: 'webview',
  picturesUrl: null,
  history: HISTORY,
  people: PEOPLE,
  keyPlace: 'keychain',
  version: '0.1.0',
  openedWith: null,
};

export function story(
  engine: Partial<EngineView> = {},
  settings: Partial<Settings> = {},
  opening: Opening = {},
  rest: Partial<UiView> = {},
): Story {
  return {
    view: {
      ...BASE,
      ...rest,
      engine: { ...BASE.engine, ...engine },
      settings: { ...SETTINGS, ...settings },
    },
    opening,
    small: false,
    test: false,
    report: ALL_WELL,
    screens: SCREENS,
    lively: false,
    kept: [],
  };
}

/** What the program judges by the phase alone. */
const QUALITIES: Record<ActivePhase, QualityView | null> = {
  connecting: null,
  connected: GOOD,
  reconnecting: {
    send: { level: 'lost', cause: 'silence' },
    receive: { level: 'lost', cause: 'silence' },
  },
};

/** The picture of a running call. What is sent is what is wanted, unless the story says else. */
export function active(
  phase: ActivePhase = 'connected',
  change: Partial<ActiveCall> = {},
  engine: Partial<EngineView> = {},
): Partial<EngineView> {
  const local = phase === 'connected' ? (change.local ?? BOTH) : NONE;
  return {
    call: {
      state: 'active',
      call: '00f3a9c2d4e5b617',
      peer: BEA,
      phase,
      local: BOTH,
      wish: change.local ?? BOTH,
      remote: BOTH,
      remoteLacking: NONE_LACKING,
      sharing: { ours: false, theirs: false },
      connectedForMs: phase === 'connecting' ? null : 187_000,
      received: received(local),
      culprit: null,
      recording: NOT_RECORDED,
      ...change,
    },
    ...devices(true),
    localPicture: true,
    remotePicture: phase !== 'connecting',
    remoteLevel: 0.3,
    microphoneLevel: 0.05,
    stats: phase === 'connecting' ? null : STATS,
    quality: QUALITIES[phase],
    summary: phase === 'connecting' ? { ...SUMMARY, path: null } : SUMMARY,
    words: phase === 'connecting' ? null : WORDS,
    ...engine,
  };
}

/** All that is sent arrives. */
export function received(local: Controls): Received {
  return { heard: local.microphone || null, seen: local.camera || null };
}
