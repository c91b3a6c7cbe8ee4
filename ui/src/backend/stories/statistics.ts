/** Figures that move as those of a call do, and five minutes of them with a bad stretch. */
import type { CallStats } from '../bindings/CallStats';
import type { QualityView } from '../bindings/QualityView';
import { CAPACITY, type Sample } from '../../state/statistics/history.svelte';
import { GOOD, poorly, STATS } from './base';

/** The figures `second` seconds into a call: always the same ones. */
export function moving(stats: CallStats, second: number): CallStats {
  const noise = (seed: number) =>
    Math.sin(second * 1.7 + seed) * Math.sin(second * 0.43 + 2 * seed);
  const about = (value: number, share: number, seed: number) => value * (1 + share * noise(seed));
  return {
    ...stats,
    currentRoundTripTime: about(stats.currentRoundTripTime ?? 0, 0.3, 1),
    videoSendBitrate: about(stats.videoSendBitrate, 0.12, 2),
    videoReceiveBitrate: about(stats.videoReceiveBitrate, 0.1, 3),
    availableOutgoingBitrate: about(stats.availableOutgoingBitrate ?? 0, 0.05, 4),
    audioJitterBufferDelay: about(stats.audioJitterBufferDelay, 0.2, 5),
    jitter: about(stats.jitter, 0.4, 6),
    encodeMs: about(stats.encodeMs, 0.15, 7),
    decodeMs: about(stats.decodeMs, 0.15, 8),
    framesPerSecondSent: Math.round(about(stats.framesPerSecondSent, 0.03, 9)),
    framesPerSecondReceived: Math.round(about(stats.framesPerSecondReceived, 0.03, 10)),
    processCpu: about(stats.processCpu ?? 0, 0.2, 11),
  };
}

/** A stretch of a call in which the upload is weak. */
export const WEAK: CallStats = {
  ...STATS,
  currentRoundTripTime: 0.21,
  remoteLoss: 0.13,
  remoteVideoLoss: 0.13,
  audioLoss: 0.01,
  videoSendBitrate: 240_000,
  availableOutgoingBitrate: 290_000,
  frameWidthSent: 480,
  frameHeightSent: 270,
  jitter: 0.018,
  audioJitterBufferDelay: 0.09,
};

const BAD_FROM = 130;
const BAD_UNTIL = 190;

/** Five minutes up to `now`, milliseconds since 1970; fewer seconds of a call that is young. */
export function past(now: number, seconds: number = CAPACITY): Sample[] {
  return Array.from({ length: seconds }, (_, second) => {
    const bad = second >= BAD_FROM && second < BAD_UNTIL;
    const quality: QualityView = bad ? poorly('send', 'loss') : GOOD;
    const frozen = second > 150 ? 0.4 : 0;
    const stats = moving(bad ? WEAK : STATS, second);
    return {
      at: now - (seconds - second) * 1000,
      stats: { ...stats, totalFreezesDuration: frozen },
      quality,
    };
  });
}
