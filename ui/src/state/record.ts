/** How good a past call was, in one line. */
import type { CallRecord } from '../backend/bindings/CallRecord';
import type { RecordedQuality } from '../backend/bindings/RecordedQuality';
import { m } from '../paraglide/messages';
import { figure } from './statistics/format';

/** Loss that is worth a word, of a thousand packets. */
const LOSS_FROM = 10;

/** "Direct, good throughout, 720p". */
export function recordText({ path, send, receive, frameHeight }: CallRecord): string {
  const lost = Math.max(send.lostPerMille, receive.lostPerMille);
  const parts = [
    m[`ended_how_${path}`](),
    throughout([send.mean, receive.mean], [send.worst, receive.worst]),
    lost >= LOSS_FROM ? m.record_lost({ share: figure(lost / 10, 0) }) : '',
    frameHeight > 0 ? m.record_size({ rows: frameHeight }) : '',
  ];
  return parts.filter(Boolean).join(' · ');
}

function throughout(means: RecordedQuality[], worsts: RecordedQuality[]): string {
  if (means.some(bad)) return m.record_poor();
  if (worsts.includes('lost')) return m.record_interrupted();
  return worsts.some(bad) ? m.record_poorAtTimes() : m.record_good();
}

function bad(quality: RecordedQuality): boolean {
  return quality === 'poor' || quality === 'lost';
}
