/** The figures of a call as they are read: a name and a value with its unit. */
import type { CallStats } from '../../backend/bindings/CallStats';
import { m } from '../../paraglide/messages';
import { getLocale } from '../../paraglide/runtime';

export interface Figure {
  readonly label: string;
  readonly value: string;
}

export function figures(stats: CallStats): Figure[] {
  return [
    { label: m.statistics_roundTrip(), value: milliseconds(stats.currentRoundTripTime) },
    { label: m.statistics_sendVideo(), value: bitrate(stats.videoSendBitrate) },
    { label: m.statistics_receiveVideo(), value: bitrate(stats.videoReceiveBitrate) },
    { label: m.statistics_sendLoss(), value: share(stats.remoteLoss) },
    {
      label: m.statistics_receiveLoss(),
      value: share(Math.max(stats.videoLoss, stats.audioLoss)),
    },
    { label: m.statistics_size(), value: `${stats.frameWidth} × ${stats.frameHeight}` },
  ];
}

/** `seconds` in milliseconds; a dash for what is not known. */
export function milliseconds(seconds: number | null): string {
  return seconds === null ? '–' : `${number(seconds * 1000, 0)} ms`;
}

/** Bits per second, in the unit that keeps it short. */
export function bitrate(bits: number): string {
  return bits >= 1_000_000 ? `${number(bits / 1e6, 1)} Mbit/s` : `${number(bits / 1000, 0)} kbit/s`;
}

/** A share from 0 to 1. */
export function share(of: number): string {
  return `${number(of * 100, 1)} %`;
}

function number(value: number, digits: number): string {
  return value.toLocaleString(getLocale(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
