/** When what floats over the picture may fade away. */

/** Without pointer or keyboard for this long, it fades. */
export const FADE_AFTER_MS = 3000;

/** How much of an island shows over a picture. */
export const ISLAND_ALPHA = 0.9;

export interface Floating {
  /** Nothing was moved or pressed for {@link FADE_AFTER_MS}. */
  readonly idle: boolean;
  /** A menu, sheet or list is open. */
  readonly open: boolean;
  /** Media flows; not connecting, not reconnecting. */
  readonly connected: boolean;
  /** A line of trouble is shown, such as talking while muted. */
  readonly trouble: boolean;
  /** The other side's picture is on the screen. */
  readonly picture: boolean;
  /** The keyboard's focus is on one of the controls. */
  readonly focused: boolean;
}

export function mayFade(now: Floating): boolean {
  return now.idle && now.connected && now.picture && !now.open && !now.trouble && !now.focused;
}
