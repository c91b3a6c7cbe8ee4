/** How good a direction of the call is, in words. */
import type { QualityVerdict } from '../backend/bindings/QualityVerdict';
import { m } from '../paraglide/messages';

/** "Good: packets are lost". */
export function told({ level, cause }: QualityVerdict): string {
  const word = m[`quality_level_${level}`]();
  return cause ? m.quality_because({ level: word, cause: m[`quality_cause_${cause}`]() }) : word;
}
