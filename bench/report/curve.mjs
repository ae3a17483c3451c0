// One metric over a growing number, a line for each contestant.
import { valueAxis } from './bars.mjs';
import { formatValue } from './format.mjs';
import { stand } from './theme.mjs';

const HEIGHT = 300;
const HEADROOM = 1.15;
const fills = { ours: stand.ours, 'plain-c': stand.reference };

export function curveOption(result, metric) {
  const present = [...new Set(result.series.map(({ contestant }) => contestant))];
  const lines = present.map((contestant) => line(result, metric, contestant));
  const highest = Math.max(0, ...lines.flatMap(({ data }) => data.map(([, value]) => value)));
  const last = result.points.at(-1).key;
  return {
    height: HEIGHT,
    grid: { left: 14, right: 24, top: 66, bottom: 40, containLabel: true },
    legend: {
      top: 32,
      left: 10,
      icon: 'roundRect',
      itemWidth: 14,
      itemHeight: 4,
      // Text is measured without its font.
      itemGap: 36,
      textStyle: { color: stand.text, fontSize: 12 },
    },
    xAxis: {
      type: result.axis.isLogarithmic ? 'log' : 'value',
      name: result.axis.title,
      nameLocation: 'middle',
      nameGap: 26,
      nameTextStyle: { color: stand.muted, fontSize: 11 },
      min: result.axis.isLogarithmic ? 'dataMin' : 0,
      splitLine: { show: false },
      axisLine: { lineStyle: { color: stand.line } },
      axisLabel: { color: stand.muted, fontSize: 11, formatter: (value) => value.toLocaleString('en') },
    },
    yAxis: valueAxis(metric, highest * HEADROOM || 1),
    series: lines.map((each) => ({ ...each, data: each.data.map((datum) => labelled(datum, last, metric)) })),
  };
}

function line({ series, points }, metric, contestant) {
  const own = series.filter((each) => each.contestant === contestant);
  const data = own
    .map(({ point, figures }) => {
      const { key, x } = points.find((each) => each.key === point);
      return [x, figures[metric.key]?.median, key];
    })
    .filter(([, value]) => value !== undefined);
  const color = fills[contestant] ?? stand.other;
  return {
    type: 'line',
    name: own[0].title,
    data,
    symbol: 'circle',
    symbolSize: 7,
    lineStyle: { width: 2, color, type: contestant === 'plain-c' ? [6, 4] : 'solid' },
    itemStyle: { color },
  };
}

/** The last point says its value. */
function labelled([x, y, key], last, { unit }) {
  if (key !== last) return [x, y];
  const label = { show: true, position: 'top', formatter: formatValue(y, unit), color: stand.text, fontSize: 11 };
  return { value: [x, y], label };
}
