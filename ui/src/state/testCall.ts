/** The words for what a test call finds. */
import type { TestReport } from '../backend/bindings/TestReport';
import { m } from '../paraglide/messages';

/** What became of the voice: a word or two. */
export function voice({ over, voice, problems }: TestReport): string {
  if (voice === 'waiting' && over) return m.test_voice_noTime();
  return problems.includes('quieter') ? m.test_voice_quieter() : m[`test_voice_${voice}`]();
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
export function said({ voice }: TestReport): string | null {
  switch (voice) {
    case 'waiting':
      return null;
    case 'returned':
      return m.test_verdict_returned();
    case 'lost':
      return m.test_problem_voiceLost();
    case 'silent':
      return m.test_problem_notHeard();
    case 'deviceFails':
      return m.test_problem_microphoneFails();
    case 'off':
      return m.test_problem_microphoneOff();
  }
}

/** How it was in the end: one sentence, and what to do unless all is well. */
export interface Judged {
  readonly sentence: string;
  /** A paragraph for each thing that is not well; the first is of the sentence. */
  readonly remedies: readonly string[];
}

export function verdict({ picture, problems }: TestReport): Judged {
  const [first, ...others] = problems;
  if (first === undefined) {
    const sentence = picture === 'off' ? m.test_verdict_returned() : m.test_verdict_both();
    return { sentence, remedies: [] };
  }
  const told = new Set([m[`test_do_${first}`]()]);
  const more = others.map((one) => {
    const remedy = m[`test_do_${one}`]();
    const sentence = m[`test_problem_${one}`]();
    // Several may have one cause: what to do about it is said once.
    if (told.has(remedy)) return sentence;
    told.add(remedy);
    return `${sentence} ${remedy}`;
  });
  return { sentence: m[`test_problem_${first}`](), remedies: [m[`test_do_${first}`](), ...more] };
}
