/**
 * What the page can ask of the program, and what it gets to see of it.
 *
 * Two implementations: `tauri.ts` speaks to the shell, `fake.ts` plays stories in a browser.
 * Everything that has a result shows it in the next view; a refusal is a rejected promise with a
 * `UiError`.
 */
import type { Answer } from './bindings/Answer';
import type { Command } from './bindings/Command';
import type { KeptText } from './bindings/KeptText';
import type { Report } from './bindings/Report';
import type { ScreenList } from './bindings/ScreenList';
import type { SmallView } from './bindings/SmallView';
import type { Settings } from './bindings/Settings';
import type { Stage } from './bindings/Stage';
import type { Steer } from './bindings/Steer';
import type { UiView } from './bindings/UiView';
import type { Understood } from './bindings/Understood';
import type { Sample } from '../state/statistics/history.svelte';

export interface Backend {
  /**
   * Pushes the whole view, at once and at every change: to the main window all there is, to the
   * small windows what they need. Called once per page.
   */
  subscribe(main: (view: UiView) => void, small: (view: SmallView) => void): void;
  perform(command: Command): Promise<void>;
  /** Answers an incoming call; the small window may ask for nothing else. */
  answer(answer: Answer): Promise<void>;
  /** Steers the running call; its small window may ask for nothing else of it. */
  steer(steer: Steer): Promise<void>;
  /** Shows the running call in a small window before all others, in place of the main one. */
  showSmall(): Promise<void>;
  /** Shows the main window, in place of the small one. */
  showMain(): Promise<void>;
  /** Closes the small window of the running call. */
  closeSmall(): Promise<void>;
  /** Has the window follow the pointer until the button is released. */
  moveWindow(): Promise<void>;
  /**
   * Calls the peer inside the program, which gives back what it receives two seconds later. Needs no
   * network and is in no history; the call shows in the view as any, with "Test call" as its name.
   */
  testCall(): Promise<void>;
  /** Applies and keeps the settings that change; the others stay as they are. */
  configure(change: Partial<Settings>): Promise<void>;
  /**
   * Says what a text means. A place on the network is asked who is there; until it is known, the
   * answer is `asking`, and the same question again has the answer in time.
   */
  understand(text: string): Promise<Understood>;
  /** Puts the invite link on the clipboard. */
  copyLink(): Promise<void>;
  /** What the program was opened with is on the page now, and need not be shown again. */
  linkShown(): Promise<void>;
  setFullScreen(on: boolean): Promise<void>;
  /** Tells the program where the page wants pictures and what floats over them. */
  setStage(stage: Stage): Promise<void>;
  clearHistory(): Promise<void>;
  /** What was said in text with the person of this address, as far as it is kept; oldest first. */
  keptTexts(address: string): Promise<KeptText[]>;
  /** Forgets what was said in text with them. */
  forgetTexts(address: string): Promise<void>;
  /** Forgets one text of ours: it is said once more. */
  forgetText(address: string, call: string, number: number): Promise<void>;
  /** Has the system open a link to the web or to a mail address; all others are refused. */
  openLink(link: string): Promise<void>;
  /** Makes somebody a contact under this name, or renames one; empty for what they call themselves. */
  saveContact(address: string, name: string): Promise<void>;
  deleteContact(address: string): Promise<void>;
  setBlocked(address: string, blocked: boolean): Promise<void>;
  /** The user found the same words on both sides of this call. */
  pinWords(call: string): Promise<void>;
  /** Writes all that belongs to the user into a file under a passphrase; the result is its path. */
  exportIdentity(passphrase: string): Promise<string>;
  /**
   * Takes over what such a file holds, in Base64, in place of the identity here; the program then
   * starts again.
   */
  importIdentity(file: string, passphrase: string): Promise<void>;
  /**
   * Looks for whatever may keep calls from working, for some seconds, and tries the way to a
   * computer (`host` or `host:port`) too when one is named.
   */
  examine(peer?: string): Promise<Report>;
  /** Looks at all that can be shared, with a small picture of each. */
  screens(): Promise<ScreenList>;
  /** Puts a text on the clipboard. */
  copyText(text: string): Promise<void>;
  /** Shows the folder of the last recording in the system's file manager. */
  showRecording(): Promise<void>;
  /** Writes a table of the call's figures (CSV) where downloads go; the result is the file's path. */
  saveStatistics(csv: string): Promise<string>;
  /** Has the system say that somebody calls, for as long as it rings. */
  notifyCall(title: string, body: string): Promise<void>;
  /** Draws pictures of its own making; only a backend without real pictures has it. */
  readonly paint?: Painter;
  /** What is open when the page starts; only stories have it. */
  readonly opening?: Opening;
}

/** Which picture: our own camera's, the other side's, or what the other side's screen shows. */
export type Stream = 'local' | 'remote' | 'screen';

/** Sharp, or small and meant to be stretched into a blurred background. */
export type Look = 'tile' | 'backdrop';

/** Starts drawing a stream onto a canvas; the result stops it. */
export type Painter = (stream: Stream, canvas: HTMLCanvasElement, look: Look) => () => void;

/** The open panels of a story. */
export interface Opening {
  readonly settings?: 'you' | 'sound' | 'camera' | 'network' | 'privacy' | 'look';
  readonly menu?: 'microphone' | 'camera' | 'more';
  /** What can be shared is to be chosen. */
  readonly picker?: boolean;
  /** The other side's screen shows in its own size. */
  readonly actualSize?: boolean;
  readonly shortcuts?: boolean;
  readonly faults?: boolean;
  readonly field?: string;
  /** The address of the person who is shown on the right of home. */
  readonly person?: string;
  readonly idle?: boolean;
  /** Our own picture is the large one. */
  readonly swapped?: boolean;
  readonly explain?: boolean;
  /** The panel of the four words: they are compared, or what was found. */
  readonly words?: 'compare' | 'differ' | 'matched';
  /** What was measured of a call before the page opened. */
  readonly past?: { readonly call: string; readonly samples: readonly Sample[] };
  /** What is open beside the stage. */
  readonly panel?: 'chat' | 'statistics';
  /** The link that shall be opened. */
  readonly link?: string;
  /** What is half written, by address. */
  readonly drafts?: Readonly<Record<string, string>>;
  /** What is asked about the person who is shown. */
  readonly asking?: 'name' | 'block' | 'delete' | 'forget';
  readonly transfer?: 'export' | 'import';
  /** The address of the peer inside the program. */
  readonly testing?: string;
  /** The page that checks the connection, in the settings of the network. */
  readonly doctor?: boolean;
}
