/** What the buttons and keys for microphone and camera show, and what they ask for. */
import type { Controls } from '../backend/bindings/Controls';
import type { ActiveCall, OutgoingCall } from '../backend/call';

export interface Toggle {
  /** `pending`: wanted, but not sent yet; it may begin by itself at any moment. */
  readonly shows: 'on' | 'pending' | 'off';
  /** What pressing it asks for. */
  readonly asks: boolean;
}

/** Whatever is sent, or would be as soon as the device opens, is taken back by one press. */
export function toggle(sent: boolean, wanted: boolean): Toggle {
  return { shows: sent ? 'on' : wanted ? 'pending' : 'off', asks: !sent && !wanted };
}

export function toggles(call: OutgoingCall | ActiveCall): Record<keyof Controls, Toggle> {
  const wish = wishOf(call);
  return {
    microphone: toggle(call.local.microphone, wish.microphone),
    camera: toggle(call.local.camera, wish.camera),
  };
}

/** What the user wants to send; before the answer nothing is sent and there is only the wish. */
export function wishOf(call: OutgoingCall | ActiveCall): Controls {
  return call.state === 'active' ? call.wish : call.local;
}
