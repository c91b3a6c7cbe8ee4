import type { IceServer } from '../backend/bindings/IceServer';

/** Whether a typed address can be one at all; whether it works, only trying shows. */

export function isRelayUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (protocol === 'ws:' || protocol === 'wss:') && hostname !== '';
}

/** RFC 7064 and RFC 7065, as far as the program speaks them. */
export function isServerUrl(text: string): boolean {
  return /^(stun|turns?):[^\s/]+$/u.test(text);
}

/** TURN serves only whom it knows. */
export function needsAccount(url: string): boolean {
  return /^turns?:/u.test(url);
}

export function hasAccount(server: IceServer): boolean {
  return server.username !== '' && server.credential !== '';
}
