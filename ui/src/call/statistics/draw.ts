/** The one place that knows uPlot: makes a plot of the panel on a canvas. Loaded with the first one. */
import type uPlot from 'uplot';

import { m } from '../../paraglide/messages';
import { CAPACITY } from '../../state/statistics/history.svelte';
import { figure } from '../../state/statistics/format';
import type { Plot, Stroke } from '../../state/statistics/plots';

const DASHES: Record<Stroke, number[]> = { solid: [], dashed: [5, 3], dotted: [2, 2] };

/** A plot on the screen, as large as its place. */
export interface Drawn {
  show(data: Columns): void;
  destroy(): void;
}

type Columns = readonly (readonly (number | null)[])[];

/** `hovered` hears which sample is under the pointer; null for none. */
export async function draw(
  place: HTMLElement,
  plot: Plot,
  data: Columns,
  hovered: (index: number | null) => void,
): Promise<Drawn> {
  const [{ default: UPlot }] = await Promise.all([
    import('uplot'),
    import('uplot/dist/uPlot.min.css'),
  ]);
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  // The size of the text around it, also when the user has it larger.
  const text = parseFloat(style.fontSize);
  const axis = {
    stroke: colour('--quiet'),
    font: `${String(text)}px ${colour('--font')}`,
    ticks: { show: false },
    grid: { stroke: colour('--line'), width: 1 },
  };
  const made = new UPlot(
    {
      width: place.clientWidth,
      height: place.clientHeight,
      padding: [6, 4, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { setScale: false },
        points: { size: 5 },
      },
      scales: {
        x: { time: false, range: () => [-CAPACITY, 0] },
        y: { range: (_plot, _least, most) => [0, Math.max(plot.least, most * 1.1)] },
      },
      axes: [
        {
          ...axis,
          size: text * 1.45,
          gap: 2,
          splits: [-300, -240, -180, -120, -60, 0],
          values: minutes,
        },
        { ...axis, size: text * 3, gap: 4, space: text * 2 },
      ],
      series: [
        {},
        ...plot.lines.map((line, i) => ({
          stroke: colour(`--plot-${String(i)}`),
          width: 1.5,
          dash: DASHES[line.stroke],
          points: { show: false },
        })),
      ],
      hooks: {
        setCursor: [
          (made) => {
            hovered(made.cursor.idx ?? null);
          },
        ],
      },
    },
    data as uPlot.AlignedData,
    place,
  );
  const sizes = new ResizeObserver(() => {
    made.setSize({ width: place.clientWidth, height: place.clientHeight });
  });
  sizes.observe(place);
  let latest = data;
  let isInSight = false;
  const show = () => {
    if (isInSight) made.setData(latest as uPlot.AlignedData);
  };
  // Half of the plots are scrolled out of the panel: they are drawn when they come back into it.
  const sight = new IntersectionObserver((changes) => {
    isInSight = changes.at(-1)?.isIntersecting ?? false;
    show();
  });
  sight.observe(place);
  return {
    show: (fresh) => {
      latest = fresh;
      show();
    },
    destroy: () => {
      sizes.disconnect();
      sight.disconnect();
      made.destroy();
    },
  };
}

function minutes(_plot: uPlot, splits: number[]): string[] {
  // The oldest stands at the edge, under the other axis.
  return splits.map((seconds) =>
    seconds === 0 || seconds === -CAPACITY
      ? ''
      : m.statistics_minutes({ count: figure(seconds / 60, 0) }),
  );
}
