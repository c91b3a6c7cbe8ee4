/** The parts of a call's view that screens are made for. */
import type { CallView } from './bindings/CallView';

export type OutgoingCall = Extract<CallView, { state: 'outgoing' }>;
export type IncomingCall = Extract<CallView, { state: 'incoming' }>;
export type ActiveCall = Extract<CallView, { state: 'active' }>;
export type EndedCall = Extract<CallView, { state: 'ended' }>;
