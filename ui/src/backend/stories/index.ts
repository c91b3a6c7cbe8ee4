/** Every screen and each state of it, by name. */
import type { DeviceView } from '../bindings/DeviceView';
import type { EngineView } from '../bindings/EngineView';
import type { Peer } from '../bindings/Peer';
import type { RelayProblem } from '../bindings/RelayProblem';
import {
  active,
  ADA,
  BEA,
  BOTH,
  CARL,
  devices,
  DINA,
  HISTORY,
  LONG,
  NAMELESS,
  NOW,
  NOT_RECORDED,
  odd,
  ODD,
  PEOPLE,
  poorly,
  RTL,
  STATS,
  type Story,
  story,
  STRANGER,
  SUMMARY,
  testSources,
  WELL,
} from './base';
import { BLAMES } from './blames';
import { CHATS } from './chat';
import { ENDS } from './ends';
import { NETWORKS } from './networks';
import { RECORDINGS } from './recordings';
import { saved } from './people';
import { shared } from './screens';
import { past, WEAK } from './statistics';

const CALL = '00f3a9c2d4e5b617';
const INVITE = `${BEA.address}?relay=wss%3A%2F%2Frelay.example%2Fv1&name=Bea%20Lindqvist`;
const running = { ...devices(true), localPicture: true, microphoneLevel: 0.2 };

const outgoing = (phase: 'calling' | 'ringing', camera = true) =>
  story({
    ...running,
    call: { state: 'outgoing', call: CALL, peer: BEA, phase, local: { ...BOTH, camera } },
    localPicture: camera,
  });

const STATISTICS = { panel: 'statistics' as const };
const measured = (seconds: number) => ({ call: CALL, samples: past(NOW, seconds) });

const OPENING = { ...devices(false), localPicture: false };

const rings = (peer: Peer, video: boolean, known: boolean) => ({
  call: { state: 'incoming' as const, call: CALL, peer, video, known },
});
const incoming = (peer = BEA, video = true, rest = {}, engine = {}) =>
  story({ ...running, ...rings(peer, video, true), ...engine }, {}, {}, rest);
/** Somebody whom the user does not know: no device opens. */
const stranger = (peer: Peer) => story({ ...OPENING, ...rings(peer, true, false) });

const CAMERA_BUSY = {
  camera: { ...devices(true).camera, now: failed('busy') },
  localPicture: false,
};

/** When words were compared with somebody whose name is long. */
const PINNED = new Date(2025, 11, 24, 20, 0).getTime();
/** Emil has only called and was not heard. */
const MISSED = [...HISTORY.slice(1, 2).map((one) => ({ ...one, peer: STRANGER })), ...HISTORY];

const OURS = { sharing: { ours: true, theirs: false } };
const THEIRS = { sharing: { ours: false, theirs: true } };
const SCREEN = { width: 1920, height: 1080 };

const first = { settings: { name: '', started: false }, rest: { history: [] } };

export const STORIES = {
  start: story({ ...running }, first.settings, {}, first.rest),
  'start-no-devices': story(
    {
      camera: { available: [], chosen: null, now: failed('missing') },
      microphone: { available: [], chosen: null, now: failed('missing') },
    },
    first.settings,
    {},
    first.rest,
  ),
  'start-test-sources': withTest(
    story({ ...running, ...testSources() }, first.settings, {}, first.rest),
  ),

  home: story(),
  'home-empty': story({}, {}, {}, { history: [], people: [] }),
  'home-person': story({}, {}, { person: BEA.address }),
  'home-contact': story({}, {}, { person: CARL.address }),
  'home-stranger': story({}, {}, { person: STRANGER.address }, { history: MISSED }),
  'home-blocked': story(
    {},
    {},
    { person: STRANGER.address },
    { history: MISSED, people: [...PEOPLE, saved(STRANGER, { contact: false, blocked: true })] },
  ),
  'home-contacts-only': story({}, {}, {}, { history: [] }),
  'home-rename': story({}, {}, { person: CARL.address, asking: 'name' }),
  'home-block': story({}, {}, { person: DINA.address, asking: 'block' }),
  'home-delete': story({}, {}, { person: BEA.address, asking: 'delete' }),
  'home-relay-bad-proof': offline('badProof'),
  'home-no-relay': story({ relay: { state: 'offline', problem: 'unreachable' } }),
  'home-relay-taken-over': story({ relay: { state: 'offline', problem: 'takenOver' } }),
  'home-relay-unset': story({ relay: { state: 'none' } }, { relay: '' }, {}, { profile: 'alice' }),
  'home-long-names': story(
    {},
    { name: LONG.name },
    { person: LONG.address },
    {
      history: [LONG, RTL, NAMELESS].flatMap((peer) =>
        HISTORY.slice(0, 2).map((one) => ({ ...one, peer })),
      ),
      people: [
        saved(LONG, { name: `${LONG.name} (the elder)`, pinnedAt: PINNED }),
        saved(RTL, { name: 'Maryam', pinnedAt: PINNED }),
      ],
    },
  ),
  'home-odd-names': story(
    {},
    {},
    { person: ODD[0]?.address },
    { history: ODD.flatMap((peer) => HISTORY.slice(0, 1).map((one) => ({ ...one, peer }))) },
  ),
  'home-relay-untrusted': offline('certificateUntrusted'),
  'home-relay-expired': offline('certificateExpired'),
  'home-relay-other-name': offline('certificateOtherName'),
  'home-relay-unencrypted': offline('unencrypted'),
  'field-link': story({}, {}, { field: INVITE }),
  'field-opened': story({}, {}, {}, { openedWith: INVITE }),
  'field-offered': story({}, {}, { field: 'be' }, { openedWith: INVITE }),
  'field-address': story({}, {}, { field: BEA.address }),
  'field-incomplete': story({}, {}, { field: BEA.address.slice(0, 40) }),
  'field-own': story({}, {}, { field: ADA.address }),
  'field-name': story({}, {}, { field: 'be' }),
  'field-unknown': story({}, {}, { field: 'zoe' }),

  calling: outgoing('calling'),
  ringing: outgoing('ringing'),
  'calling-camera-off': outgoing('calling', false),
  'calling-test-sources': withTest(
    story({
      ...running,
      ...testSources(),
      call: { state: 'outgoing', call: CALL, peer: BEA, phase: 'ringing', local: BOTH },
    }),
  ),
  'calling-camera-busy': story({
    ...running,
    ...CAMERA_BUSY,
    call: {
      state: 'outgoing',
      call: CALL,
      peer: BEA,
      phase: 'ringing',
      local: BOTH,
    },
  }),
  'calling-relay-of-link': story({
    ...running,
    call: { state: 'outgoing', call: CALL, peer: BEA, phase: 'calling', local: BOTH },
    summary: { ...SUMMARY, path: null, guestRelay: 'certificateExpired' },
  }),
  connecting: story(active('connecting')),

  incoming: incoming(),
  'incoming-renamed': incoming(CARL),
  'incoming-no-contact': incoming(DINA),
  'incoming-voice': incoming(BEA, false),
  'incoming-unknown': stranger(NAMELESS),
  'incoming-unknown-name': stranger(STRANGER),
  'incoming-opening': incoming(BEA, true, {}, OPENING),
  'incoming-camera-busy': incoming(BEA, true, {}, CAMERA_BUSY),
  'incoming-test-sources': withTest(incoming(BEA, true, {}, testSources())),
  'incoming-long-name': incoming(LONG),
  'incoming-rtl': incoming(RTL, true, { people: [saved(RTL, { pinnedAt: PINNED })] }),
  'incoming-odd-marks': incoming(odd(0)),
  'incoming-odd-unseen': stranger(odd(1)),
  'incoming-window-odd': small(stranger(odd(3))),
  'incoming-window': small(incoming()),
  'incoming-window-renamed': small(incoming(CARL)),
  'incoming-window-no-contact': small(incoming(DINA)),
  'incoming-window-opening': small(incoming(BEA, true, {}, OPENING)),
  'incoming-window-unknown': small(stranger(STRANGER)),
  'incoming-window-nameless': small(stranger(NAMELESS)),
  'incoming-window-camera-busy': small(incoming(BEA, true, {}, CAMERA_BUSY)),
  'incoming-window-long-name': small(stranger(LONG)),

  call: story(active()),
  'call-voice': story(
    active('connected', { local: { microphone: true, camera: false } }, { localPicture: false }),
  ),
  'call-receipts-unknown': story(active('connected', { received: { heard: null, seen: null } })),
  'call-faded': story(active(), {}, { idle: true }),
  'call-muted': story(active('connected', { local: { microphone: false, camera: true } })),
  'call-remote-muted': story(active('connected', { remote: { microphone: false, camera: true } })),
  'call-remote-camera-off': story(
    active('connected', { remote: { microphone: true, camera: false } }, { remotePicture: false }),
  ),
  'call-remote-no-microphone': story(
    active('connected', {
      remote: { microphone: false, camera: true },
      remoteLacking: { microphone: true, camera: false },
    }),
  ),
  'call-remote-no-camera': story(
    active(
      'connected',
      {
        remote: { microphone: true, camera: false },
        remoteLacking: { microphone: false, camera: true },
      },
      { remotePicture: false },
    ),
  ),
  'call-no-microphone': story(
    active(
      'connected',
      { local: { microphone: false, camera: true }, wish: BOTH },
      without('microphone'),
    ),
  ),
  'call-no-camera': story(
    active(
      'connected',
      { local: { microphone: true, camera: false }, wish: BOTH },
      { ...without('camera'), localPicture: false },
    ),
  ),
  'call-no-cameras': story(
    active(
      'connected',
      { local: { microphone: true, camera: false }, remote: { microphone: true, camera: false } },
      { remotePicture: false, localPicture: false },
    ),
  ),
  'call-waiting-picture': story(active('connected', {}, { remotePicture: false, remoteLevel: 0 })),
  'call-share-picker': story(active(), {}, { picker: true }),
  'call-share-nothing': {
    ...story(active(), {}, { picker: true }),
    screens: { sources: [], problem: null },
  },
  'call-share-wayland': {
    ...story(active(), {}, { picker: true }),
    screens: { sources: [], problem: 'needsX11Session' },
  },
  'call-sharing': story(active('connected', OURS, { share: shared('window:0x1') })),
  'call-sharing-screen': story(active('connected', OURS, { share: shared('screen:eDP-1') })),
  'call-sharing-minimised': story(
    active('connected', OURS, {
      share: { state: 'on', name: 'Holiday photos', kind: 'window', hidden: true },
    }),
  ),
  'call-sharing-ended': story(
    active('connected', {}, { share: { state: 'off', problem: 'gone' } }),
  ),
  'call-screen': story(active('connected', THEIRS, { remoteScreen: SCREEN })),
  'call-screen-actual': story(
    active('connected', THEIRS, { remoteScreen: SCREEN }),
    {},
    { actualSize: true },
  ),
  'call-screen-chat': story(
    active('connected', THEIRS, { remoteScreen: SCREEN }),
    {},
    { panel: 'chat' },
  ),
  'call-screen-reconnecting': story(active('reconnecting', THEIRS, { remoteScreen: SCREEN })),
  'call-screen-no-camera': story(
    active(
      'connected',
      { ...THEIRS, remote: { microphone: true, camera: false } },
      { remoteScreen: SCREEN, remotePicture: false },
    ),
  ),
  'call-fill': story(active(), { pictureFit: 'fill' }),
  'call-swapped': story(active(), {}, { swapped: true }),
  'call-full-screen': story(active(), {}, { menu: 'more' }, { fullScreen: true }),
  'call-self-hidden': story(active(), { selfView: 'hidden' }),
  'call-reconnecting': story(active('reconnecting')),
  'call-echo': story(active('connected', {}, { voiceHealth: { ...WELL, echoRemoved: false } })),
  'call-upload-weak': story(
    active(
      'connected',
      {},
      { quality: poorly('send', 'loss'), summary: { ...SUMMARY, path: 'relayed' } },
    ),
  ),
  'call-download-weak': story(
    active(
      'connected',
      {},
      { quality: poorly('receive', 'loss'), summary: { ...SUMMARY, path: 'direct' } },
    ),
  ),
  'call-upload-voice': story(
    active(
      'connected',
      { local: { microphone: true, camera: false } },
      { localPicture: false, quality: poorly('send', 'loss') },
    ),
  ),
  'call-download-uneven': story(active('connected', {}, { quality: poorly('receive', 'jitter') })),
  'call-download-still': story(active('connected', {}, { quality: poorly('receive', 'freezes') })),
  'call-download-theirs': story(
    active('connected', { peer: LONG }, { quality: poorly('receive', 'server') }),
  ),
  'call-far': story(active('connected', {}, { quality: poorly('send', 'delay') })),
  'call-talking-muted': story(
    active('connected', { local: { microphone: false, camera: true } }, { microphoneLevel: 0.4 }),
  ),
  'call-microphone-lost': story(
    active(
      'connected',
      { local: { microphone: false, camera: true }, wish: BOTH },
      {
        microphone: { ...devices(true).microphone, now: failed('lost') },
      },
    ),
  ),
  'call-camera-busy': story(
    active('connected', { local: { microphone: true, camera: false }, wish: BOTH }, CAMERA_BUSY),
  ),
  'call-devices-opening': story(
    active(
      'connected',
      { local: { microphone: false, camera: false }, wish: BOTH },
      { ...devices(false), localPicture: false, microphoneLevel: 0 },
    ),
  ),
  'call-test-sources': withTest(story(active('connected', {}, testSources()))),
  pip: small(story(active())),
  'pip-muted': small(story(active('connected', { local: { microphone: false, camera: true } }))),
  'pip-no-picture': small(
    story(
      active(
        'connected',
        { remote: { microphone: true, camera: false } },
        { remotePicture: false },
      ),
    ),
  ),
  'pip-reconnecting': small(story(active('reconnecting'))),
  'pip-long-name': small(story(active('connected', { peer: LONG }))),
  'pip-recorded': small(
    story(
      active('connected', {
        recording: { ...NOT_RECORDED, theirs: { state: 'running', sinceMs: 62_000 } },
      }),
    ),
  ),
  'call-menu-microphone': story(active(), {}, { menu: 'microphone' }),
  'call-menu-camera': story(active(), {}, { menu: 'camera' }),
  'call-menu-more': story(active(), {}, { menu: 'more' }),
  'call-words': story(active('connected', { peer: DINA }), {}, { words: 'compare' }),
  'call-words-long': story(
    active(
      'connected',
      { peer: LONG },
      { words: ['extraordinary', 'grandmother', 'watermelon', 'neighbourhood'] },
    ),
    {},
    { words: 'compare' },
  ),
  'call-words-pinned': story(active(), {}, { words: 'compare' }),
  'call-words-differ': story(active('connected', { peer: DINA }), {}, { words: 'differ' }),
  'call-words-matched': story(active(), {}, { words: 'matched' }),
  'call-stranger-menu': story(active('connected', { peer: STRANGER }), {}, { menu: 'more' }),
  'call-add': story(active('connected', { peer: STRANGER }), {}, { asking: 'name' }),
  'call-statistics': story(active(), {}, { ...STATISTICS, past: measured(300) }),
  'call-statistics-young': story(active(), {}, { ...STATISTICS, past: measured(9) }),
  'call-statistics-wait': story(
    active('connected', {}, { stats: null, quality: null }),
    {},
    STATISTICS,
  ),
  'call-statistics-trouble': story(
    active('connected', {}, { stats: WEAK, quality: poorly('send', 'loss') }),
    {},
    { ...STATISTICS, past: measured(190) },
  ),
  'call-statistics-server': story(
    active('connected', {}, { stats: { ...STATS, path: 'server' } }),
    {},
    { ...STATISTICS, past: measured(60) },
  ),
  'call-shortcuts': story(active(), {}, { shortcuts: true }),
  'call-faults': story(active(), {}, { faults: true }),
  'call-settings': story(active(), {}, { settings: 'sound' }),
  'call-settings-camera': story(active(), {}, { settings: 'camera' }),
  'call-long-name': story(active('connected', { peer: LONG })),
  'call-odd-marks': story(active('connected', { peer: odd(0) })),
  'call-odd-wide': story(active('connected', { peer: odd(3) })),
  'call-rtl': story(active('connected', { peer: RTL, connectedForMs: 3_729_000 })),

  ...BLAMES,

  ...NETWORKS,
  ...RECORDINGS,

  ...CHATS,
  ...ENDS,

  'settings-you': story({}, {}, { settings: 'you' }),
  'settings-sound': story(running, {}, { settings: 'sound' }),
  'settings-sound-unprocessed': story(
    running,
    { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    { settings: 'sound' },
  ),
  'settings-sound-failing': story(
    {
      ...running,
      voiceHealth: {
        ...WELL,
        echoCancellation: 'failed',
        noiseSuppression: 'givenUp',
        echoRemoved: false,
      },
    },
    {},
    { settings: 'sound' },
  ),
  'settings-camera': story(running, {}, { settings: 'camera' }),
  'settings-camera-failed': story(
    { camera: { ...devices(false).camera, now: failed('busy') } },
    {},
    { settings: 'camera' },
  ),
  'settings-network': story(
    { relay: { state: 'online' } },
    {
      iceServers: [
        { url: 'stun:stun.example:3478', username: '', credential: '' },
        { url: 'turn:turn.example:3478', username: 'ada', credential: 'secret' },
      ],
    },
    { settings: 'network' },
  ),
  'settings-network-offline': story(
    { relay: { state: 'offline', problem: 'notARelay' } },
    {},
    { settings: 'network' },
  ),
  'settings-network-untrusted': story(
    { relay: { state: 'offline', problem: 'certificateUntrusted' } },
    {},
    { settings: 'network' },
  ),
  'settings-network-bad-proof': story(
    { relay: { state: 'offline', problem: 'badProof' } },
    {},
    { settings: 'network' },
  ),
  'settings-privacy': story({}, {}, { settings: 'privacy' }),
  'settings-privacy-blocked': story(
    {},
    { whoMayRing: 'contacts' },
    { settings: 'privacy' },
    {
      keyPlace: 'file',
      people: [LONG, RTL, NAMELESS].map((one) => saved(one, { contact: false, blocked: true })),
    },
  ),
  'settings-privacy-export': story({}, {}, { settings: 'privacy', transfer: 'export' }),
  'settings-privacy-import': story({}, {}, { settings: 'privacy', transfer: 'import' }),
  'settings-look': story({}, {}, { settings: 'look' }),
} satisfies Record<string, Story>;

export type StoryName = keyof typeof STORIES;

function failed(problem: 'missing' | 'lost' | 'busy') {
  return { state: 'failed' as const, problem, name: '' };
}

function offline(problem: RelayProblem): Story {
  return story({ relay: { state: 'offline', problem } });
}

/** A machine on which one device is missing that the call wants. */
function without(role: 'camera' | 'microphone'): Partial<EngineView> {
  const device: DeviceView = { available: [], chosen: null, now: failed('missing') };
  return { [role]: device };
}

function small(one: Story): Story {
  return { ...one, small: true };
}

function withTest(one: Story): Story {
  return { ...one, test: true };
}
