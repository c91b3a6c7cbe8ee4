/** Whether a typed address can be one at all; whether it works, only trying shows. */

export function isRelayUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (protocol === 'ws:' || protocol === 'wss:') && hostname !== '';
}

/** RFC 7064 and RFC 7065. */
export function isServerUrl(text: string): boolean {
  return /^(stuns?|turns?):[^\s/]+$/u.test(text);
}
