/** What the panel of statistics plots: of each plot its unit and its lines. Pure. */
import type { CallStats } from '../../backend/bindings/CallStats';
import { m } from '../../paraglide/messages';
import type { Sample } from './history.svelte';

export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Digits behind the point. */
  readonly digits: number;
  /** The scale reaches at least this far, so that noise does not fill it. */
  readonly least: number;
  readonly lines: readonly Line[];
}

/** Lines differ by colour and by their dashes. */
export type Stroke = 'solid' | 'dashed' | 'dotted';

export interface Line {
  readonly label: string;
  readonly stroke: Stroke;
  /** Its value in the plot's unit, null for a gap; `before` is the second before. */
  value(now: CallStats, before: CallStats | null): number | null;
}

export function plots(): readonly Plot[] {
  const sent = m.statistics_sent();
  const received = m.statistics_received();
  const milliseconds = m.statistics_milliseconds();
  const percent = m.statistics_percent();
  return [
    {
      ...about('rate', m.statistics_rate(), m.statistics_megabits(), 1, 0.5),
      lines: [
        line(sent, 'solid', (it) => (it.videoSendBitrate + it.audioSendBitrate) / 1e6),
        line(received, 'dashed', (it) => (it.videoReceiveBitrate + it.audioReceiveBitrate) / 1e6),
        line(m.statistics_estimate(), 'dotted', (it) => scaled(it.availableOutgoingBitrate, 1e-6)),
      ],
    },
    {
      ...about('roundTrip', m.statistics_roundTrip(), milliseconds, 0, 50),
      lines: [
        line(m.statistics_roundTrip(), 'solid', (it) => scaled(it.currentRoundTripTime, 1000)),
      ],
    },
    {
      ...about('loss', m.statistics_loss(), percent, 1, 5),
      lines: [
        line(sent, 'solid', (it) => it.remoteLoss * 100),
        line(received, 'dashed', (it) => Math.max(it.videoLoss, it.audioLoss) * 100),
      ],
    },
    {
      ...about('buffer', m.statistics_buffer(), milliseconds, 0, 50),
      lines: [
        line(m.statistics_waits(), 'solid', (it) => it.audioJitterBufferDelay * 1000),
        line(m.statistics_jitter(), 'dashed', (it) => it.jitter * 1000),
      ],
    },
    {
      ...about('pictures', m.statistics_pictures(), m.statistics_perSecond(), 0, 30),
      lines: [
        line(sent, 'solid', (it) => it.framesPerSecondSent),
        line(received, 'dashed', (it) => it.framesPerSecondReceived),
      ],
    },
    {
      ...about('size', m.statistics_size(), m.statistics_rows(), 0, 720),
      lines: [
        line(sent, 'solid', (it) => it.frameHeightSent),
        line(received, 'dashed', (it) => it.frameHeight),
      ],
    },
    {
      ...about('freezes', m.statistics_freezes(), milliseconds, 0, 500),
      lines: [
        line(received, 'solid', (it, before) =>
          before ? Math.max(0, it.totalFreezesDuration - before.totalFreezesDuration) * 1000 : null,
        ),
      ],
    },
    {
      ...about('work', m.statistics_work(), milliseconds, 1, 10),
      lines: [
        line(m.statistics_encode(), 'solid', (it) => it.encodeMs),
        line(m.statistics_decode(), 'dashed', (it) => it.decodeMs),
      ],
    },
    {
      ...about('cpu', m.statistics_cpu(), percent, 0, 50),
      lines: [line(m.statistics_program(), 'solid', (it) => scaled(it.processCpu, 100))],
    },
  ];
}

/** The lines of a plot as columns: times in seconds before the last sample, then each line's values. */
export function columns(
  plot: Plot,
  samples: readonly Sample[],
): [number[], ...(number | null)[][]] {
  const end = samples.at(-1)?.at ?? 0;
  const times = samples.map(({ at }) => (at - end) / 1000);
  const values = plot.lines.map(({ value }) =>
    samples.map(({ stats }, i) => value(stats, samples[i - 1]?.stats ?? null)),
  );
  return [times, ...values];
}

/** Of a line, over all samples of which it has a value. */
export interface Extent {
  readonly now: number | null;
  readonly mean: number | null;
  readonly least: number | null;
  readonly most: number | null;
}

export function extent(values: readonly (number | null)[]): Extent {
  const known = values.filter((it) => it !== null);
  if (known.length === 0) return { now: null, mean: null, least: null, most: null };
  return {
    now: values.at(-1) ?? null,
    mean: known.reduce((sum, it) => sum + it, 0) / known.length,
    least: Math.min(...known),
    most: Math.max(...known),
  };
}

function about(name: string, title: string, unit: string, digits: number, least: number) {
  return { name, title, unit, digits, least };
}

function line(label: string, stroke: Stroke, value: Line['value']): Line {
  return { label, stroke, value };
}

function scaled(value: number | null, by: number): number | null {
  return value === null ? null : value * by;
}
