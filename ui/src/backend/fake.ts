/**
 * A program without a program: shows one story (`/?story=NAME&theme=…&surface=…&still`, pictures
 * of its own or from the WebSocket `&pictures=URL`) and reacts to commands as far as looking at the
 * page needs it. Deterministic; for browsers only.
 */
import type { Backend, Opening } from './backend';
import type { Answer } from './bindings/Answer';
import type { CallStats } from './bindings/CallStats';
import type { Command } from './bindings/Command';
import type { Controls } from './bindings/Controls';
import type { EngineView } from './bindings/EngineView';
import type { NearbyPerson } from './bindings/NearbyPerson';
import type { Peer } from './bindings/Peer';
import type { SmallView } from './bindings/SmallView';
import type { Settings } from './bindings/Settings';
import type { Stage } from './bindings/Stage';
import type { Steer } from './bindings/Steer';
import type { UiView } from './bindings/UiView';
import type { Understood } from './bindings/Understood';
import type { ActiveCall, EndedCall, IncomingCall, OutgoingCall } from './call';
import { STORIES, type StoryName } from './stories';
import {
  ADA,
  BEA,
  devices,
  DINA,
  NONE_LACKING,
  NOT_RECORDED,
  NOW,
  received,
  STRANGER,
  SUMMARY,
  TEST,
  WORDS,
} from './stories/base';
import { lively, placed } from './stories/lan';
import { changed } from './stories/people';
import { shared } from './stories/screens';
import { wished } from './stories/recordings';
import { delivered, read as readChat, said } from './stories/chat';
import { painter } from './stories/paint';
import { moving } from './stories/statistics';

/** What tests may look at. */
export interface FakeBackend extends Backend {
  readonly commands: (Command | Answer | Steer)[];
  /** What was asked of the windows, in order. */
  readonly windows: ('small' | 'main' | 'close' | 'move')[];
  readonly stages: Stage[];
  readonly copied: string[];
  readonly notified: string[];
  /** What was to be opened. */
  readonly links: string[];
  /** From now on these people are on the local network. */
  around(nearby: NearbyPerson[]): void;
}

/** Meters and ticks move this often. */
const PUSH_MS = 100;
/** In a lively story somebody comes or goes this often. */
const STEP_MS = 2500;
/** The doctor takes its time. */
const EXAMINE_MS = 2500;
/** A text is there after this long. */
const DELIVERY_MS = 600;
/** A lost call can go on for this long. */
const STOP_RESUMING_MS = 120_000;

export function fake(query: URLSearchParams): FakeBackend {
  const name = query.get('story') ?? 'home';
  const story = STORIES[(name in STORIES ? name : 'home') as StoryName];
  const still = query.has('still');
  const started = performance.now();
  const theme = query.get('theme');
  let view: UiView = { ...story.view, history: sinceNow(story.view) };
  if (theme === 'light' || theme === 'dark') {
    view = { ...view, settings: { ...view.settings, theme } };
  }
  if (query.get('surface') === 'native') view = { ...view, surface: 'native' };
  const picturesUrl = query.get('pictures');
  if (picturesUrl) view = { ...view, picturesUrl };
  let kept = [...story.kept];
  let push: () => void = () => undefined;

  const show = (change: Partial<UiView>) => {
    view = { ...view, ...change, revision: view.revision + 1 };
    push();
  };
  const beat = () => {
    show({
      engine: moved(view.engine, story.view.engine.stats, performance.now() - started, still),
    });
  };

  let steps = 0;
  const step = () => {
    steps += 1;
    backend.around(lively(steps, [BEA, STRANGER, DINA]));
  };

  const asked = (what: FakeBackend['windows'][number]) => {
    backend.windows.push(what);
    return Promise.resolve();
  };

  const backend: FakeBackend = {
    commands: [],
    windows: [],
    stages: [],
    copied: [],
    notified: [],
    links: [],
    opening: measuredNow(story.opening),
    ...(picturesUrl ? {} : { paint: painter(story.test, still) }),
    subscribe(main, small) {
      push = () => (story.small ? small(smallOf(view)) : main(view));
      push();
      setInterval(beat, PUSH_MS);
      if (story.lively) setInterval(step, STEP_MS);
    },
    perform(command) {
      backend.commands.push(command);
      if (command.do === 'dial' && isBlocked(view, read(command.to).peer)) {
        return Promise.reject({ code: 'blocked', message: 'the user blocked them' });
      }
      show({ engine: after(view.engine, command) });
      if (command.do === 'say') {
        setTimeout(() => {
          show({ engine: delivered(view.engine) });
        }, DELIVERY_MS);
      }
      if (command.do === 'resume') {
        setTimeout(() => {
          show({ engine: givenUp(view.engine) });
        }, STOP_RESUMING_MS);
      }
      return Promise.resolve();
    },
    answer(answer) {
      backend.commands.push(answer);
      if (answer.do !== 'retryCamera') show({ engine: after(view.engine, answer) });
      return Promise.resolve();
    },
    steer(steer) {
      backend.commands.push(steer);
      show({ engine: after(view.engine, steer) });
      return Promise.resolve();
    },
    showSmall: () => asked('small'),
    showMain: () => asked('main'),
    closeSmall: () => asked('close'),
    moveWindow: () => asked('move'),
    configure(change) {
      show({ settings: { ...view.settings, ...change }, engine: joined(view.engine, change.lan) });
      return Promise.resolve();
    },
    understand: (text) => Promise.resolve(understood(text)),
    copyLink() {
      backend.copied.push(view.me.link);
      return Promise.resolve();
    },
    linkShown() {
      show({ openedWith: null });
      return Promise.resolve();
    },
    setFullScreen(fullScreen) {
      show({ fullScreen });
      return Promise.resolve();
    },
    setStage(stage) {
      backend.stages.push(stage);
      return Promise.resolve();
    },
    keptTexts: (address) => Promise.resolve(kept.filter((one) => one.address === address)),
    forgetTexts(address) {
      kept = kept.filter((one) => one.address !== address);
      return Promise.resolve();
    },
    forgetText(address, call, number) {
      kept = kept.filter(
        (one) => one.address !== address || one.call !== call || one.number !== number,
      );
      return Promise.resolve();
    },
    openLink(link) {
      backend.links.push(link);
      return Promise.resolve();
    },
    clearHistory() {
      kept = [];
      show({ history: [] });
      return Promise.resolve();
    },
    saveContact(address, name) {
      show({ people: changed(view.people, address, { name, contact: true }) });
      return Promise.resolve();
    },
    deleteContact(address) {
      show({
        people: changed(view.people, address, { contact: false, pinnedAt: null, pinnedHow: null }),
      });
      return Promise.resolve();
    },
    setBlocked(address, blocked) {
      show({ people: changed(view.people, address, { blocked }) });
      return Promise.resolve();
    },
    pinWords() {
      const { call } = view.engine;
      if (call.state !== 'active') return Promise.reject({ code: 'noWords', message: 'no call' });
      const pin = { contact: true, pinnedAt: NOW, pinnedHow: 'words' as const };
      show({ people: changed(view.people, call.peer.address, pin) });
      return Promise.resolve();
    },
    exportIdentity: () => Promise.resolve('~/Downloads/tincan.tincan-key'),
    importIdentity: (_, passphrase) =>
      passphrase === 'wrong passphrase'
        ? Promise.reject({ code: 'wrongPassphrase', message: 'no' })
        : Promise.resolve(),
    testCall() {
      show({ engine: calling(view.engine, TEST, true) });
      return Promise.resolve();
    },
    examine() {
      const { report } = story;
      if (!report) return new Promise(() => undefined);
      return new Promise((done) => setTimeout(done, still ? 0 : EXAMINE_MS, report));
    },
    screens: () => Promise.resolve(story.screens),
    copyText(text) {
      backend.copied.push(text);
      return Promise.resolve();
    },
    showRecording: () => Promise.resolve(),
    around(nearby) {
      show({ engine: { ...view.engine, lan: { ...view.engine.lan, nearby } } });
    },
    saveStatistics(csv) {
      backend.copied.push(csv);
      return Promise.resolve('Downloads/tincan-call.csv');
    },
    notifyCall(title, body) {
      backend.notified.push(`${title}: ${body}`);
      return Promise.resolve();
    },
  };
  Object.assign(window, { fake: backend });
  return backend;
}

/** What a small window gets to see of it all. */
function smallOf({ engine, people, settings, me, surface, picturesUrl }: UiView): SmallView {
  const { call } = engine;
  const other = call.state === 'incoming' || call.state === 'active' ? call.peer.address : null;
  return {
    call,
    person: people.find((one) => one.address === other) ?? null,
    me: { name: settings.name, address: me.address },
    camera: engine.camera.now,
    microphone: engine.microphone.now,
    localPicture: engine.localPicture,
    remotePicture: engine.remotePicture,
    surface,
    picturesUrl,
  };
}

function isBlocked(view: UiView, peer: Peer): boolean {
  return view.people.some((one) => one.blocked && one.address === peer.address);
}

/** Past calls as long ago today as they were when the stories were written. */
function sinceNow(view: UiView): UiView['history'] {
  const today = new Date();
  const anchor = new Date(today.getFullYear(), today.getMonth(), today.getDate(), 15, 30).getTime();
  return view.history.map((entry) => ({ ...entry, at: entry.at + anchor - NOW }));
}

/** The local networks after a choice of who may see us; as they were without one. */
function joined(engine: EngineView, chosen: Settings['lan'] | undefined): EngineView {
  if (chosen === undefined) return engine;
  const { lan } = engine;
  return {
    ...engine,
    lan: chosen === 'off' ? { state: 'off', nearby: [], places: [] } : { ...lan, state: 'on' },
  };
}

/** What was measured of a call as if it had just been. */
function measuredNow(opening: Opening): Opening {
  const { past } = opening;
  if (!past) return opening;
  const since = Date.now() - NOW;
  const samples = past.samples.map((sample) => ({ ...sample, at: sample.at + since }));
  return { ...opening, past: { ...past, samples } };
}

function moved(
  engine: EngineView,
  measured: CallStats | null,
  ms: number,
  still: boolean,
): EngineView {
  const wave = still ? 0.6 : Math.abs(Math.sin(ms / 340) * Math.sin(ms / 90));
  const call = engine.call;
  const { stats } = engine;
  const loud = (level: number) => (level === 0 ? 0 : still ? level : 0.01 + wave * 0.4);
  return {
    ...engine,
    microphoneLevel: engine.microphoneLevel > 0.3 ? 0.4 : loud(engine.microphoneLevel),
    remoteLevel: loud(engine.remoteLevel),
    stats: stats && measured && !still ? moving(measured, Math.floor(ms / 1000)) : stats,
    call:
      call.state === 'active' && call.connectedForMs !== null && !still
        ? { ...call, connectedForMs: call.connectedForMs + PUSH_MS }
        : call,
  };
}

function after(engine: EngineView, command: Command): EngineView {
  const call = engine.call;
  switch (command.do) {
    case 'dial':
      return calling(engine, read(command.to).peer, command.video);
    case 'accept':
      return call.state === 'incoming' ? accepted(engine, call, command.video) : engine;
    case 'decline':
    case 'dismiss':
      return { ...engine, call: { state: 'idle' }, localPicture: false, summary: null };
    case 'end':
      return call.state === 'outgoing' || call.state === 'active' ? finished(engine, call) : engine;
    case 'resume':
      return call.state === 'ended' ? resumed(engine, call, command.video) : engine;
    case 'setMicrophone':
      return controlled(engine, { microphone: command.live });
    case 'setCamera':
      return { ...controlled(engine, { camera: command.on }), localPicture: command.on };
    case 'useDevice':
      return { ...engine, [command.role]: { ...engine[command.role], chosen: command.id } };
    case 'reconnectRelay':
      return { ...engine, relay: { state: 'online' } };
    case 'share':
      return { ...engine, share: shared(command.source) };
    case 'record':
      return wished(engine, command.wish);
    case 'say':
      return said(engine, command.text);
    case 'readChat':
      return readChat(engine, command.open);
    case 'typing':
    case 'preview':
    case 'testSpeaker':
    case 'fault':
      return engine;
  }
}

function calling(engine: EngineView, peer: Peer, camera: boolean): EngineView {
  return {
    ...engine,
    ...devices(true),
    localPicture: camera,
    summary: { path: null, good: true, video: camera },
    call: {
      state: 'outgoing',
      call: '00f3a9c2d4e5b617',
      peer,
      phase: 'calling',
      local: { microphone: true, camera },
    },
  };
}

/** Who is waited for is connected; who is not waits for two minutes. */
function resumed(engine: EngineView, call: EndedCall, camera: boolean): EngineView {
  if (call.resume !== 'wanted') return { ...engine, call: { ...call, resume: 'waiting' } };
  return accepted(engine, { ...call, state: 'incoming', video: true, known: true }, camera);
}

function givenUp(engine: EngineView): EngineView {
  const { call } = engine;
  return call.state === 'ended' ? { ...engine, call: { ...call, resume: 'no' } } : engine;
}

function accepted(engine: EngineView, call: IncomingCall, camera: boolean): EngineView {
  return {
    ...engine,
    ...devices(true),
    localPicture: camera,
    remotePicture: call.video,
    words: WORDS,
    summary: { ...SUMMARY, video: camera },
    call: {
      state: 'active',
      call: call.call,
      peer: call.peer,
      phase: 'connected',
      local: { microphone: true, camera },
      wish: { microphone: true, camera },
      remote: { microphone: true, camera: call.video },
      remoteLacking: NONE_LACKING,
      sharing: { ours: false, theirs: false },
      connectedForMs: 0,
      received: received({ microphone: true, camera }),
      culprit: null,
      recording: NOT_RECORDED,
    },
  };
}

function finished(engine: EngineView, call: OutgoingCall | ActiveCall): EngineView {
  const lastedMs = call.state === 'active' ? call.connectedForMs : null;
  const reason = call.state === 'active' ? 'localHangup' : 'cancelled';
  return {
    ...engine,
    localPicture: false,
    remotePicture: false,
    share: { state: 'off', problem: null },
    remoteScreen: null,
    words: null,
    call: {
      state: 'ended',
      call: call.call,
      peer: call.peer,
      reason,
      lastedMs,
      outgoing: true,
      resume: 'no',
    },
  };
}

function controlled(engine: EngineView, change: Partial<Controls>): EngineView {
  const call = engine.call;
  if (call.state !== 'active' && call.state !== 'outgoing') return engine;
  const local = { ...call.local, ...change };
  return {
    ...engine,
    call:
      call.state === 'active'
        ? { ...call, local, wish: { ...call.wish, ...change } }
        : { ...call, local },
  };
}

/** The program's own answer is exact; this one is enough to look at. */
function understood(text: string): Understood {
  if (text.trim() === '') return { kind: 'nothing' };
  const link = /tincan:[^\s<>]*/u.exec(text)?.[0];
  if (!link) return placed(text, DINA) ?? { kind: 'unknown' };
  const { peer, relay } = read(link);
  if (peer.address === ADA.address) return { kind: 'own' };
  if (peer.address.length !== ADA.address.length) return { kind: 'incomplete' };
  return { kind: 'person', ...peer, relay, link };
}

/** The parts of an invite link. */
function read(link: string): { peer: Peer; relay: string | null } {
  const [address = '', query = ''] = link.split('?');
  const parts = new URLSearchParams(query);
  return { peer: { address, name: parts.get('name') ?? '' }, relay: parts.get('relay') };
}
