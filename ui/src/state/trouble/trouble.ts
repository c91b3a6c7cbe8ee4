/** The one line of trouble of a call: what is wrong, whom it affects, and one thing to do. */
import type { DeviceRole } from '../../backend/bindings/DeviceRole';

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
  /** When it began, on the page's clock, where that is worth saying. */
  readonly since?: number;
}
