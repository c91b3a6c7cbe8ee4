/** What is done to the own voice, and what to say where that does not work. */
import type { UiView } from '../backend/bindings/UiView';
import { m } from '../paraglide/messages';

export const PROCESSING = ['echoCancellation', 'noiseSuppression', 'autoGainControl'] as const;

/** Why a part of it does nothing although it is on. */
export function processingTrouble(
  { engine, settings }: UiView,
  what: (typeof PROCESSING)[number],
): string | null {
  const { voiceHealth } = engine;
  if (!settings[what]) return null;
  const stays = what === 'echoCancellation' && voiceHealth.echoRemoved === false;
  const health = voiceHealth[what] === 'well' && stays ? 'failed' : voiceHealth[what];
  return health === 'well' ? null : m[`settings_${what}_${health}`]();
}
