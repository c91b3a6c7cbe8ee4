/**
 * The one line of trouble of a call: what is wrong, whom it affects, and one thing to do.
 *
 * Fed with every view; keeps the little memory that keeps the line from flickering. Decides
 * nothing about the call.
 */
import type { CallView } from '../backend/bindings/CallView';
import type { DeviceRole } from '../backend/bindings/DeviceRole';
import type { EngineView } from '../backend/bindings/EngineView';
import { words } from '../words';

export type Remedy =
  | { readonly do: 'choose'; readonly role: DeviceRole }
  | { readonly do: 'unmute' }
  | { readonly do: 'cameraOff' };

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
      return null;
    }
    if (call.call !== this.call) this.reset(call.call, now);
    this.listen(engine, call.local.microphone, now);
    if (call.phase === 'reconnecting') {
      return { kind: 'reconnecting', text: words.trouble.reconnecting(name), remedy: null };
    }
    return this.device(engine, call) ?? this.muted(call) ?? this.network(engine, call, name, now);
  }

  private reset(call: string, now: number) {
    this.call = call;
    this.upload = new Steady(SAY_AFTER_MS, KEEP_MS);
    this.download = new Steady(SAY_AFTER_MS, KEEP_MS);
    this.talkedMs = 0;
    this.last = now;
  }

  private listen(engine: EngineView, live: boolean, now: number) {
    const passed = Math.min(now - this.last, 500);
    this.last = now;
    const device = engine.microphone.now;
    // A test voice or a recording talks all the time and means nothing by it.
    const person = device.state !== 'on' || device.kind === 'real';
    if (live || !person) this.talkedMs = 0;
    else if (engine.microphoneLevel > VOICE_LEVEL) this.talkedMs += passed;
    else this.talkedMs = Math.max(0, this.talkedMs - passed / 2);
    this.talkedMs = Math.min(this.talkedMs, TALK_MS + KEEP_MS / 2);
  }

  private device(engine: EngineView, call: ActiveCall): Trouble | null {
    const wanted: readonly [DeviceRole, boolean][] = [
      ['microphone', call.local.microphone],
      ['speaker', true],
      ['camera', call.local.camera],
    ];
    for (const [role, on] of wanted) {
      const now = engine[role].now;
      if (on && now.state === 'failed') {
        const text = words.devices.failed[role][now.problem];
        return { kind: `${role}-${now.problem}`, text, remedy: { do: 'choose', role } };
      }
    }
    return null;
  }

  private muted(call: ActiveCall): Trouble | null {
    return !call.local.microphone && this.talkedMs >= TALK_MS
      ? { kind: 'muted', text: words.trouble.muted, remedy: { do: 'unmute' } }
      : null;
  }

  private network(engine: EngineView, call: ActiveCall, name: string, now: number): Trouble | null {
    const stats = engine.stats;
    if (!stats) return null;
    const bad = (loss: number, was: Steady) => loss > (was.value ? LOSS_GOOD : LOSS_BAD);
    const up = this.upload.update(bad(stats.remoteLoss, this.upload), now);
    const loss = Math.max(stats.videoLoss, stats.audioLoss);
    const down = this.download.update(bad(loss, this.download), now);
    if (up && call.local.camera) {
      return { kind: 'upload', text: words.trouble.uploadWeak, remedy: { do: 'cameraOff' } };
    }
    return down ? { kind: 'download', text: words.trouble.downloadWeak(name), remedy: null } : null;
  }
}

type ActiveCall = Extract<CallView, { state: 'active' }>;
