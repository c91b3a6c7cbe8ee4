/** What a key means in the call. Letters never fire while somebody types. */

export type Shortcut =
  | 'microphone'
  | 'camera'
  | 'share'
  | 'fullScreen'
  | 'small'
  | 'statistics'
  | 'chat'
  | 'list'
  | 'faults'
  | 'talk'
  | 'leave';

/** Elements that take text, or in which keys have a meaning of their own. */
const TYPING = 'input, textarea, select, [contenteditable], [role="menu"], [role="listbox"]';
/** Elements that Space activates. One that a click left focused gives the key away. */
const PRESSABLE = 'button, a[href], summary, [role="button"], [role="menuitem"]';

export function shortcut(event: KeyboardEvent): Shortcut | null {
  if (isSupport(event)) return 'faults';
  const chord = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  const key = event.key.toLowerCase();
  if (chord) return key === 'd' ? 'microphone' : key === 'e' ? 'camera' : null;
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPING)) return null;
  switch (key) {
    case 'm':
      return 'microphone';
    case 'v':
      return 'camera';
    case 's':
      return 'share';
    case 'f':
    case 'f11':
      return 'fullScreen';
    case 'p':
      return 'small';
    case 'c':
      return 'chat';
    case 'i':
      return 'statistics';
    case '?':
      return 'list';
    case 'escape':
      return 'leave';
    case ' ':
      return target?.closest(PRESSABLE)?.matches(':focus-visible') ? null : 'talk';
    default:
      return null;
  }
}

/** For support, and far from what a hand finds by mistake. Some desktops keep Ctrl+Alt for themselves. */
function isSupport(event: KeyboardEvent): boolean {
  const chord = (event.ctrlKey || event.metaKey) && event.shiftKey && !event.altKey;
  return chord && event.key.toLowerCase() === 'f';
}

/**
 * Space held to talk. Speaks only when it found the microphone muted, and then always mutes
 * again: on release, and when the window loses the focus with the key still down.
 */
export class HoldToTalk {
  private held = false;

  constructor(private readonly setLive: (live: boolean) => void) {}

  press(live: boolean) {
    if (live || this.held) return;
    this.held = true;
    this.setLive(true);
  }

  release() {
    if (!this.held) return;
    this.held = false;
    this.setLive(false);
  }

  get talking(): boolean {
    return this.held;
  }
}
