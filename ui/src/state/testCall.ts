/** The words for what a test call finds. */
import type { TestReport } from '../backend/bindings/TestReport';
import { m } from '../paraglide/messages';

/** Twice or half as loud to the ear, in decibels; a codec alone makes some of them. */
const HEARD_DB = 10;

/** What became of the voice so far: a word or two. */
export function voice({ voice, echoGainDb }: TestReport): string {
  if (voice !== 'returned' || echoGainDb === null) return m[`test_voice_${voice}`]();
  if (echoGainDb < -HEARD_DB) return m.test_voice_quieter();
  return echoGainDb > HEARD_DB ? m.test_voice_louder() : m.test_voice_returned();
}

/** A time in milliseconds, or that it is not known. */
export function time(ms: number | null): string {
  return ms === null ? m.test_unknown() : m.test_ms({ ms: Math.round(ms) });
}

/** What was lost on the way that lost most, as a share. */
export function lost({ audioLoss, videoLoss, remoteLoss }: TestReport): string {
  return new Intl.NumberFormat(m.locale(), {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(Math.max(audioLoss, videoLoss, remoteLoss));
}

/** What to say aloud of the voice, once it is known; null before. */
export function said(report: TestReport): string | null {
  return report.voice === 'waiting' ? null : m[`test_verdict_${report.voice}`]();
}

/** How it was in the end: one sentence, and what to do unless all is well. */
export interface Judged {
  readonly sentence: string;
  readonly remedy: string | null;
}

export function verdict({ voice, picture }: TestReport): Judged {
  if (voice !== 'returned') {
    return { sentence: m[`test_verdict_${voice}`](), remedy: m[`test_do_${voice}`]() };
  }
  switch (picture) {
    case 'returned':
      return { sentence: m.test_verdict_both(), remedy: null };
    case 'off':
      return { sentence: m.test_verdict_returned(), remedy: null };
    case 'deviceFails':
      return { sentence: m.test_verdict_noCamera(), remedy: m.test_do_noCamera() };
    case 'waiting':
    case 'silent':
    case 'lost':
      return { sentence: m.test_verdict_noPicture(), remedy: m.test_do_noPicture() };
  }
}
