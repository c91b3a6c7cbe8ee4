/** The one place that knows uPlot: makes a plot of the panel on a canvas. Loaded with the first one. */
import type uPlot from 'uplot';

import { CAPACITY } from '../../state/statistics/history.svelte';
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
  const axis = {
    stroke: colour('--quiet'),
    font: `11px ${colour('--font')}`,
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
        { ...axis, size: 16, gap: 2, splits: [-300, -240, -180, -120, -60, 0], values: minutes },
        { ...axis, size: 34, gap: 4, space: 24 },
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
  return {
    show: (fresh) => {
      made.setData(fresh as uPlot.AlignedData);
    },
    destroy: () => {
      sizes.disconnect();
      made.destroy();
    },
  };
}

function minutes(_plot: uPlot, splits: number[]): string[] {
  // The oldest stands at the edge, under the other axis.
  return splits.map((seconds) =>
    seconds === 0 || seconds === -CAPACITY ? '' : `${String(seconds / 60)} min`,
  );
}
