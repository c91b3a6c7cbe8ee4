/**
 * The page's two kinds of state: the last view, replaced wholesale, and what is open here.
 * Components are functions of both; commands go out through {@link App.perform}.
 */
import { getContext, setContext } from 'svelte';

import type { Backend, Opening } from '../backend/backend';
import type { Answer } from '../backend/bindings/Answer';
import type { CallSummary } from '../backend/bindings/CallSummary';
import type { CallView } from '../backend/bindings/CallView';
import type { Command } from '../backend/bindings/Command';
import type { DeviceRole } from '../backend/bindings/DeviceRole';
import type { Peer } from '../backend/bindings/Peer';
import type { SmallView } from '../backend/bindings/SmallView';
import type { Settings } from '../backend/bindings/Settings';
import type { Steer } from '../backend/bindings/Steer';
import type { UiError } from '../backend/bindings/UiError';
import type { UiView } from '../backend/bindings/UiView';
import type { VoiceOutcome } from '../backend/bindings/VoiceOutcome';
import type { EndedCall } from '../backend/call';
import { Heard } from '../chat/heard';
import { m } from '../paraglide/messages';
import { Announcer } from './announce';
import { Arrivals } from './arrivals';
import { anchor } from './duration';
import { named, personOf, smallWithNames, withNames } from './contacts';
import { Examination } from './examination.svelte';
import { inSentence, linkTo } from './people';
import { reuse } from './reuse';
import { said } from './testCall';
import type { Trouble } from './trouble/trouble';
import { StatsHistory } from './statistics/history.svelte';
import { type Perceived, TroubleWatch } from './trouble/watch';

export type Section = 'you' | 'sound' | 'camera' | 'network' | 'privacy' | 'look';
export type Menu = 'microphone' | 'camera' | 'more';
/** What stands beside the stage. */
export type Panel = 'chat' | 'statistics';
export type Corner = 'topLeft' | 'topRight' | 'bottomLeft' | 'bottomRight';

export class App {
  /** The last view; null until the first one came, and in the small window. */
  view = $state.raw<UiView | null>(null);
  /** What a small window shows, of an incoming call or of the running one; null in the main window. */
  small = $state.raw<SmallView | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  perceived = $state.raw<Perceived>({ hears: false, sees: false });
  /** What the live region says. */
  announcement = $state('');
  /** Counts what was deleted of conversations, so that whoever shows one looks again. */
  forgotten = $state(0);
  /** When media first flowed, on the page's clock; null before. */
  began = $state<number | null>(null);
  readonly local = new Local();
  /** The figures of the call's last minutes. */
  readonly figures = new StatsHistory();
  readonly examination: Examination;

  private readonly watch = new TroubleWatch();
  private readonly announcer = new Announcer();
  private readonly arrivals = new Arrivals();
  private readonly heard = new Heard();
  /** When the other side was told last that something is written, on the page's clock. */
  private toldWriting = -WRITING_EVERY_MS;
  /** What was said last of what became of the voice in this test call. */
  private toldOutcome: VoiceOutcome | null = null;
  private arrivalsDue: ReturnType<typeof setTimeout> | undefined;
  /** Each is done when every request of its queue so far is answered, with whether the last was taken. */
  private readonly queues: Record<Queue, Promise<boolean>> = {
    call: Promise.resolve(true),
    disk: Promise.resolve(true),
  };

  constructor(readonly backend: Backend) {
    this.examination = new Examination(backend);
    if (backend.opening) this.local.open(backend.opening);
    if (backend.opening?.past)
      this.figures.seed(backend.opening.past.call, backend.opening.past.samples);
    backend.subscribe(
      (view) => {
        this.take(view, performance.now());
      },
      (small) => {
        this.small = reuse(this.small, smallWithNames(small));
      },
    );
  }

  /** Sends a command; a refusal is shown. As with every request, the result is whether it was taken. */
  perform(command: Command): Promise<boolean> {
    if (command.do === 'dial') {
      this.local.dialled = command.to.split('?')[0] ?? '';
      this.local.asksTest = false;
    }
    return this.queued(queueOf(command), () => this.backend.perform(command));
  }

  /** Answers an incoming call. */
  answer(answer: Answer): Promise<boolean> {
    return this.queued('call', () => this.backend.answer(answer));
  }

  /** Steers the running call from its small window. */
  steer(steer: Steer): Promise<boolean> {
    return this.queued('call', () => this.backend.steer(steer));
  }

  /** The running call goes into a small window before all others. */
  showSmall(): Promise<boolean> {
    return this.queued('disk', () => this.backend.showSmall());
  }

  /** Calls somebody whom the page knows. */
  call(peer: Peer, video: boolean): Promise<boolean> {
    const to = linkTo(peer, this.view?.history ?? [], this.view?.people ?? []);
    return this.perform({ do: 'dial', to, video });
  }

  /** Calls the peer inside the program. The next call that goes out is that one. */
  async testCall(): Promise<void> {
    this.local.asksTest = true;
    const isTaken = await this.queued('call', () => this.backend.testCall());
    if (!isTaken) this.local.asksTest = false;
  }

  /** Leaves the call that is over. */
  async dismiss(): Promise<void> {
    this.local.tested = null;
    this.local.dismissed = true;
    if (this.view?.engine.call.state === 'ended') await this.perform({ do: 'dismiss' });
  }

  /** Whether this address is that of the peer inside the program. */
  isTest(address: string): boolean {
    return this.local.testing === address;
  }

  /** Opens the chosen device once more. */
  retry(role: DeviceRole): Promise<boolean> {
    const id = this.view?.engine[role].chosen ?? null;
    return this.perform({ do: 'useDevice', role, id });
  }

  /** Shows the folder of the last recording. */
  showRecording(): Promise<boolean> {
    return this.queued('disk', () => this.backend.showRecording());
  }

  /** Says something to the other side; whether it is on its way. */
  say(text: string): Promise<boolean> {
    this.toldWriting = -WRITING_EVERY_MS;
    return this.perform({ do: 'say', text });
  }

  /** Something is being written. A refusal is nothing to show. */
  writes(): void {
    const now = performance.now();
    if (now - this.toldWriting < WRITING_EVERY_MS) return;
    this.toldWriting = now;
    void this.backend.perform({ do: 'typing' }).catch(() => undefined);
  }

  /** Whether the conversation is before the user's eyes, in order. A refusal is nothing to show. */
  reads(open: boolean): void {
    this.queues.call = this.queues.call.then((isTaken) =>
      this.backend.perform({ do: 'readChat', open }).then(
        () => isTaken,
        () => isTaken,
      ),
    );
  }

  /** Opens a link in the system's browser, or begins a mail. */
  openLink(link: string): Promise<boolean> {
    return this.queued('disk', () => this.backend.openLink(link));
  }

  forgetTexts(address: string): Promise<boolean> {
    return this.forgetting(() => this.backend.forgetTexts(address));
  }

  configure(change: Partial<Settings>): Promise<boolean> {
    return this.queued('disk', () => this.backend.configure(change));
  }

  /** Opens what there is to share, or stops sharing. */
  toggleShare(): void {
    const share = this.view?.engine.share.state ?? 'off';
    if (share === 'off') this.local.picker = !this.local.picker;
    else void this.perform({ do: 'share', source: null });
  }

  setFullScreen(on: boolean): Promise<boolean> {
    return this.queued('disk', () => this.backend.setFullScreen(on));
  }

  clearHistory(): Promise<boolean> {
    return this.queued('disk', () => this.backend.clearHistory());
  }

  /** Makes somebody a contact, or renames one; empty stands for what they call themselves. */
  saveContact(address: string, name: string): Promise<boolean> {
    return this.queued('disk', () => this.backend.saveContact(address, name));
  }

  deleteContact(address: string): Promise<boolean> {
    return this.forgetting(() => this.backend.deleteContact(address));
  }

  setBlocked(address: string, blocked: boolean): Promise<boolean> {
    return this.queued('disk', () => this.backend.setBlocked(address, blocked));
  }

  copyText(text: string): Promise<boolean> {
    return this.queued('disk', () => this.backend.copyText(text));
  }

  /** Writes the figures of the call into a file; the result is its path, null when it was refused. */
  async saveStatistics(csv: string): Promise<string | null> {
    let path: string | null = null;
    await this.queued('disk', async () => {
      path = await this.backend.saveStatistics(csv);
    });
    return path;
  }

  /** The user found the same words on both sides of this call. */
  pinWords(call: string): Promise<boolean> {
    return this.queued('disk', () => this.backend.pinWords(call));
  }

  /** Sends a request that deletes texts too. */
  private async forgetting(request: () => Promise<void>): Promise<boolean> {
    const isTaken = await this.queued('disk', request);
    this.forgotten += 1;
    return isTaken;
  }

  /** Sends the requests of a queue one after the other, so that the last one made wins. */
  private queued(queue: Queue, request: () => Promise<void>): Promise<boolean> {
    this.queues[queue] = this.queues[queue].then(() => {
      this.local.problem = null;
      return this.answered(request);
    });
    return this.queues[queue];
  }

  /** Sends a request; a refusal is shown. */
  private async answered(request: () => Promise<void>): Promise<boolean> {
    try {
      await request();
      return true;
    } catch (error) {
      this.local.problem = asUiError(error);
      return false;
    }
  }

  /** Closes what was open on the screen that goes. */
  private tidy(next: CallView['state']) {
    const { local } = this;
    local.menu = null;
    local.shortcuts = false;
    local.faults = false;
    local.explain = false;
    local.words = null;
    local.picker = false;
    local.actualSize = false;
    local.panel = null;
    local.link = null;
    local.asking = null;
    local.swapped = false;
    local.problem = null;
    if (next !== 'active') local.settings = null;
    if (next !== 'active') local.doctor = false;
    // What was typed is dialled now; a call that comes in leaves it for later.
    if (next === 'outgoing') local.field = '';
    if (this.view?.fullScreen && next === 'ended') void this.setFullScreen(false);
  }

  private take(fresh: UiView, now: number) {
    const before = this.view?.engine.call.state;
    const view = reuse(this.view, withNames(fresh));
    const call = view.engine.call;
    if (before !== undefined && before !== call.state) {
      this.tidy(call.state);
      this.keepTested(fresh.engine.call.state);
    }
    if (call.state === 'outgoing' && before !== 'outgoing') this.begins(call.peer);
    const name = call.state === 'idle' ? '' : inSentence(call.peer);
    this.began =
      call.state === 'active' && call.connectedForMs !== null
        ? anchor(this.began, call.connectedForMs, now)
        : null;
    if (call.state === 'incoming' && before !== 'incoming') {
      const kind = call.video ? m.incoming_video() : m.incoming_voice();
      void this.answered(() => this.backend.notifyCall(m.incoming_title({ name }), kind));
    }
    const trouble = this.watch.update(view.engine, name, now);
    this.trouble = reuse(this.trouble, trouble);
    this.perceived = reuse(this.perceived, this.watch.perceived);
    this.figures.update(view.engine, Date.now());
    const text =
      this.announcer.update(call, trouble, now) ??
      this.tested(view) ??
      this.heard.update(view.engine.chat, name);
    if (text !== null) this.announcement = text;
    this.view = view;
    this.announceArrivals(now);
  }

  /** A call goes out. */
  private begins(peer: Peer) {
    this.local.testing = this.local.asksTest ? peer.address : null;
    this.local.asksTest = false;
    this.toldOutcome = null;
  }

  /**
   * The screen of an ended call goes by itself after three seconds. What a test call came to is to be
   * read: it stays until it is closed, or until there is another call.
   */
  private keepTested(next: CallView['state']) {
    const engine = this.view?.engine;
    const call = engine?.call;
    const over = call?.state === 'ended' && this.isTest(call.peer.address) && this.view?.testCall;
    const dismissed = this.local.dismissed;
    this.local.dismissed = false;
    this.local.tested =
      next === 'idle' && over && !dismissed ? { call, summary: engine?.summary ?? null } : null;
  }

  /** What to say of a test call: once, when it is known what became of the voice. */
  private tested({ engine: { call }, testCall }: UiView): string | null {
    if (call.state !== 'active' || !testCall || !this.isTest(call.peer.address)) return null;
    if (testCall.voice === this.toldOutcome) return null;
    this.toldOutcome = testCall.voice;
    return said(testCall);
  }

  /** Says who came to the local network, now or as soon as it may be said; in a call, nothing. */
  private announceArrivals(now: number) {
    clearTimeout(this.arrivalsDue);
    if (!this.view) return;
    const { engine, people } = this.view;
    const here = engine.lan.nearby.filter(({ address }) => !personOf(people, address)?.blocked);
    const peers = here.map((one) => named(one, personOf(people, one.address)));
    const said = this.arrivals.update(peers, now, engine.call.state !== 'idle');
    if (said !== null) this.announcement = said;
    const due = this.arrivals.due(now);
    if (due === null) return;
    this.arrivalsDue = setTimeout(() => {
      this.announceArrivals(performance.now());
    }, due);
  }
}

/** The other side believes for a while that somebody writes. */
const WRITING_EVERY_MS = 2000;

/** Two queues: what is written to a disk may take long, and neither End nor Mute waits behind it. */
type Queue = 'call' | 'disk';

function queueOf(command: Command): Queue {
  return command.do === 'useDevice' || command.do === 'preview' ? 'disk' : 'call';
}

/** What is open on this page and what is half typed; nobody else needs to know. */
export class Local {
  settings = $state<Section | null>(null);
  menu = $state<Menu | null>(null);
  shortcuts = $state(false);
  /** What can be made to fail on purpose. */
  faults = $state(false);
  problem = $state.raw<UiError | null>(null);
  corner = $state<Corner>('bottomRight');
  /** Our own picture is large and the other side's in the corner. */
  swapped = $state(false);
  /** The address of the person who is shown on the right of home. */
  person = $state<string | null>(null);
  field = $state('');
  /** The link that the program was opened with last and that came into the field. */
  opened = $state('');
  /** A link that the program was opened with while something else stood in the field. */
  offered = $state('');
  /** Nobody moved the pointer or pressed a key lately. */
  idle = $state(false);
  explain = $state(false);
  /** What was read of recordings and closed. */
  recordingSeen = $state('');
  /** The panel of the four words: they are compared, or what was found; null when closed. */
  words = $state<'compare' | 'differ' | 'matched' | null>(null);
  /** What can be shared is to be chosen. */
  picker = $state(false);
  /** The other side's screen shows in its own size, and is scrolled. */
  actualSize = $state(false);
  /** What is open beside the stage. */
  panel = $state<Panel | null>(null);
  /** What is half written to whom, by address. */
  drafts = $state<Record<string, string>>({});
  /** The link of a text that shall be opened, until the user has seen where it leads. */
  link = $state<string | null>(null);
  /** What is asked about the person who is shown, or with whom the call is. */
  asking = $state<'name' | 'block' | 'delete' | 'forget' | null>(null);
  /** Which form is open for moving to another computer. */
  transfer = $state<'export' | 'import' | null>(null);
  /** The page that checks the connection is open, in the settings of the network. */
  doctor = $state(false);
  /** The address of the peer inside the program, of the last test call; null before one. */
  testing = $state<string | null>(null);
  /** A test call was asked for: the next call that goes out is that one. */
  asksTest = false;
  /** The test call that is over and still to be read. */
  tested = $state.raw<{ call: EndedCall; summary: CallSummary | null } | null>(null);
  /** Whether the user left the ended call, which goes by itself otherwise. */
  dismissed = false;
  /** The address that was dialled last: what a refusal is about. */
  dialled = $state('');

  /** Opens a panel in place of another, or closes it. */
  toggle(panel: Panel) {
    this.panel = this.panel === panel ? null : panel;
  }

  open(opening: Opening) {
    this.settings = opening.settings ?? null;
    this.menu = opening.menu ?? null;
    this.shortcuts = opening.shortcuts ?? false;
    this.faults = opening.faults ?? false;
    this.person = opening.person ?? null;
    this.field = opening.field ?? '';
    this.idle = opening.idle ?? false;
    this.swapped = opening.swapped ?? false;
    this.explain = opening.explain ?? false;
    this.words = opening.words ?? null;
    this.picker = opening.picker ?? false;
    this.actualSize = opening.actualSize ?? false;
    this.panel = opening.panel ?? null;
    this.link = opening.link ?? null;
    this.drafts = { ...opening.drafts };
    this.asking = opening.asking ?? null;
    this.transfer = opening.transfer ?? null;
    this.doctor = opening.doctor ?? false;
    this.testing = opening.testing ?? null;
  }
}

/** A refusal of the shell itself arrives as a plain text. */
export function asUiError(error: unknown): UiError {
  if (typeof error === 'object' && error !== null && 'code' in error && 'message' in error) {
    return error as UiError;
  }
  return { code: 'internal', message: String(error) };
}

const KEY = Symbol('app');

export function provideApp(app: App): void {
  setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
