/**
 * The one line of trouble of a call: what is wrong, whom it affects, and one thing to do.
 *
 * Fed with every view; remembers how long each cause has held, so that the line does not flicker.
 * Decides nothing about the call.
 */
import type { CallStats } from '../backend/bindings/CallStats';
import type { DeviceNow } from '../backend/bindings/DeviceNow';
import type { DeviceRole } from '../backend/bindings/DeviceRole';
import type { EngineView } from '../backend/bindings/EngineView';
import { m } from '../paraglide/messages';
import type { ActiveCall } from '../backend/call';
import { toggles } from './controls';
import { mayWork } from './devices';

export type Remedy =
  | { readonly do: 'retry'; readonly role: DeviceRole }
  | { readonly do: 'choose'; readonly role: DeviceRole }
  | { readonly do: 'unmute' }
  | { readonly do: 'cameraOff' }
  | { readonly do: 'withoutCamera' };

export interface Trouble {
  readonly kind: string;
  readonly text: string;
  readonly remedy: Remedy | null;
}

/** Loss above which sound and picture visibly suffer, and below which all is well again. */
const LOSS_BAD = 0.08;
const LOSS_GOOD = 0.03;
/** Bad for this long before it is said; good for this long before it is taken back. */
const SAY_AFTER_MS = 2000;
const KEEP_MS = 5000;
/** Louder than a room, softer than a cough into the microphone. */
const VOICE_LEVEL = 0.12;
/** This much voice, pauses counted half against it, is talking. */
const TALK_MS = 1200;

/** A yes or no that changes only when its cause has held for a while. */
export class Steady {
  private on = false;
  private since: number | null = null;

  constructor(
    private readonly sayAfterMs: number,
    private readonly keepMs: number,
  ) {}

  update(cause: boolean, now: number): boolean {
    if (cause === this.on) {
      this.since = null;
      return this.on;
    }
    this.since ??= now;
    if (now - this.since >= (cause ? this.sayAfterMs : this.keepMs)) {
      this.on = cause;
      this.since = null;
    }
    return this.on;
  }

  get value(): boolean {
    return this.on;
  }
}

export class TroubleWatch {
  private call: string | null = null;
  private upload = new Steady(SAY_AFTER_MS, KEEP_MS);
  private download = new Steady(SAY_AFTER_MS, KEEP_MS);
  private talkedMs = 0;
  private last = 0;

  /** What to say at the moment `now` (milliseconds of the page's clock). */
  update(engine: EngineView, name: string, now: number): Trouble | null {
    const call = engine.call;
    if (call.state !== 'active') {
      this.call = null;
      return call.state === 'outgoing' ? (guestRelay(engine, name) ?? device(engine, null)) : null;
    }
    if (call.call !== this.call) this.reset(call.call, now);
    this.listen(engine, toggles(call).microphone.shows !== 'off', now);
    this.weigh(engine.stats, now);
    if (call.phase === 'reconnecting') {
      return { kind: 'reconnecting', text: m.trouble_reconnecting({ name }), remedy: null };
    }
    return device(engine, name) ?? this.muted() ?? this.network(call, name);
  }

  private reset(call: string, now: number) {
    this.call = call;
    this.upload = new Steady(SAY_AFTER_MS, KEEP_MS);
    this.download = new Steady(SAY_AFTER_MS, KEEP_MS);
    this.talkedMs = 0;
    this.last = now;
  }

  /** Counts how long somebody has been talking into a muted microphone; one that is about to open counts as live. */
  private listen(engine: EngineView, live: boolean, now: number) {
    const passed = Math.min(now - this.last, 500);
    this.last = now;
    const device = engine.microphone.now;
    // A test voice or a recording talks all the time, which is no mistake of the user.
    const person = device.state !== 'on' || device.kind === 'real';
    if (live || !person) this.talkedMs = 0;
    else if (engine.microphoneLevel > VOICE_LEVEL) this.talkedMs += passed;
    else this.talkedMs = Math.max(0, this.talkedMs - passed / 2);
    this.talkedMs = Math.min(this.talkedMs, TALK_MS + KEEP_MS / 2);
  }

  private muted(): Trouble | null {
    return this.talkedMs >= TALK_MS
      ? { kind: 'muted', text: m.trouble_muted(), remedy: { do: 'unmute' } }
      : null;
  }

  /**
   * Follows the figures of loss with every view, also while another trouble is shown, so that the
   * network's state is up to date as soon as that other trouble is gone.
   */
  private weigh(stats: CallStats | null, now: number) {
    const bad = (loss: number, was: Steady) => loss > (was.value ? LOSS_GOOD : LOSS_BAD);
    this.upload.update(bad(stats?.remoteLoss ?? 0, this.upload), now);
    const loss = Math.max(stats?.videoLoss ?? 0, stats?.audioLoss ?? 0);
    this.download.update(bad(loss, this.download), now);
  }

  private network(call: ActiveCall, name: string): Trouble | null {
    if (this.upload.value && call.local.camera) {
      return { kind: 'upload', text: m.trouble_uploadWeak(), remedy: { do: 'cameraOff' } };
    }
    return this.download.value
      ? { kind: 'download', text: m.trouble_downloadWeak({ name }), remedy: null }
      : null;
  }
}

const ROLES: readonly DeviceRole[] = ['microphone', 'speaker', 'camera'];

/** The relay that the invite names and that is not there: the call waits for it. */
function guestRelay({ summary }: EngineView, name: string): Trouble | null {
  const problem = summary?.guestRelay;
  if (!problem) return null;
  const text = m[`ended_guestRelay_${problem}`]({ name });
  return { kind: `relay-${problem}`, text, remedy: null };
}

/**
 * The first device that failed. A device that nobody wants is off, and cannot fail. `told` is the
 * other side's name once the call is answered: from then on it is told which device is missing.
 */
function device(engine: EngineView, told: string | null): Trouble | null {
  for (const role of ROLES) {
    const now = engine[role].now;
    if (now.state !== 'failed') continue;
    const what = m[`devices_failed_${role}_${now.problem}`]();
    const text =
      told === null || role === 'speaker' ? what : `${what} ${m.trouble_told({ name: told })}`;
    return { kind: `${role}-${now.problem}`, text, remedy: remedy(role, now) };
  }
  return null;
}

function remedy(role: DeviceRole, now: DeviceNow): Remedy {
  // A machine without a camera shall not show a warning through every call.
  if (role === 'camera' && now.state === 'failed' && now.problem === 'missing') {
    return { do: 'withoutCamera' };
  }
  return { do: mayWork(now) ? 'retry' : 'choose', role };
}
