/**
 * What the page says to a screen reader. Changes of the call and of microphones and cameras are
 * said at once; trouble at most every ten seconds. An incoming and an ended call are said by their
 * headings, which take the focus; whether an ended one may go on is said as it changes.
 */
import type { CallView } from '../backend/bindings/CallView';
import { m } from '../paraglide/messages';
import type { ActiveCall, EndedCall } from '../backend/call';
import { recordingNews } from '../recording/recording';
import { inSentence } from './people';
import type { Trouble } from './trouble/trouble';

const TROUBLE_EVERY_MS = 10_000;
/** After media flows, devices open and first controls arrive. What changes within this time nobody did by hand, and it is not announced. */
const SETTLE_MS = 2000;

export class Announcer {
  private before: CallView = { state: 'idle' };
  private trouble: string | null = null;
  private troubleAt = -TROUBLE_EVERY_MS;
  private connectedAt = 0;

  /** The text to say now, or null for nothing new; empty to take back what was said. */
  update(call: CallView, trouble: Trouble | null, now: number): string | null {
    if (connected(call) && !connected(this.before)) this.connectedAt = now;
    const said = change(this.before, call, now - this.connectedAt >= SETTLE_MS);
    this.before = call;
    const kind = trouble?.kind ?? null;
    const cleared = kind === null && this.trouble !== null;
    if (kind === null) this.trouble = null;
    if (said !== null) return said;
    // A text that stays the same is not read again when the same trouble comes back.
    if (cleared) return '';
    if (!trouble || kind === this.trouble || now - this.troubleAt < TROUBLE_EVERY_MS) return null;
    this.trouble = kind;
    this.troubleAt = now;
    return trouble.text;
  }
}

function connected(call: CallView): call is ActiveCall {
  return call.state === 'active' && call.phase === 'connected';
}

function change(before: CallView, now: CallView, settled: boolean): string | null {
  switch (now.state) {
    case 'idle':
    case 'incoming':
      return before.state === now.state ? null : '';
    case 'ended':
      if (before.state !== now.state) return '';
      return before.resume === now.resume ? null : resume(now);
    case 'outgoing':
      if (before.state === 'outgoing' && before.phase === now.phase) return null;
      return now.phase === 'ringing'
        ? m.announce_ringing({ name: inSentence(now.peer) })
        : m.announce_calling({ name: inSentence(now.peer) });
    case 'active':
      if (before.state !== 'active' || before.phase !== now.phase) return phase(now);
      return settled && connected(before) && connected(now) ? controls(before, now) : null;
  }
}

function phase(call: ActiveCall): string {
  const name = inSentence(call.peer);
  switch (call.phase) {
    case 'connecting':
      return m.announce_connecting({ name });
    case 'connected':
      return m.announce_connected({ name });
    case 'reconnecting':
      return m.trouble_reconnecting({ name });
  }
}

function resume(call: EndedCall): string {
  return m[`ended_resume_${call.resume}`]({ name: inSentence(call.peer) });
}

function controls(before: ActiveCall, now: ActiveCall): string | null {
  const name = inSentence(now.peer);
  const recording = recordingNews(before.recording, now.recording, name);
  if (recording !== null) return recording;
  if (before.local.microphone !== now.local.microphone) {
    return now.local.microphone ? m.announce_unmuted() : m.announce_muted();
  }
  if (before.local.camera !== now.local.camera) {
    return now.local.camera ? m.announce_cameraOn() : m.announce_cameraOff();
  }
  if (now.remoteLacking.microphone && !before.remoteLacking.microphone) {
    return m.call_remoteNoMicrophone({ name });
  }
  if (now.remoteLacking.camera && !before.remoteLacking.camera) {
    return m.call_remoteNoCamera({ name });
  }
  if (before.remote.microphone !== now.remote.microphone) {
    return now.remote.microphone
      ? m.announce_remoteUnmuted({ name })
      : m.announce_remoteMuted({ name });
  }
  if (before.sharing.ours !== now.sharing.ours) {
    return now.sharing.ours ? m.announce_sharing({ name }) : m.announce_notSharing({ name });
  }
  if (before.sharing.theirs !== now.sharing.theirs) {
    return now.sharing.theirs
      ? m.announce_remoteSharing({ name })
      : m.announce_remoteNotSharing({ name });
  }
  if (before.remote.camera !== now.remote.camera) {
    return now.remote.camera
      ? m.announce_remoteCameraOn({ name })
      : m.announce_remoteCameraOff({ name });
  }
  return null;
}
