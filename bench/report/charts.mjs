// The charts of a case.
import { barOption } from './bars.mjs';
import { curveOption } from './curve.mjs';
import { renderSvg } from './svg.mjs';

/** `[{ name, title, svg, standalone }]`: the SVG for a page that has the colours, and one that brings its own. */
export function charts(result) {
  const drawn = result.metrics.filter(({ better }) => better !== undefined);
  return drawn.flatMap((metric) => views(result).map((view) => chart(result, metric, view)));
}

/** A curve has all points in one chart, and so have bars that no reference line crosses; other bars one for each. */
function views({ chart: kind, points, reference }) {
  if (kind === 'curve' || reference === undefined || points.length === 1) return [undefined];
  return points;
}

function chart(result, metric, view) {
  const title = [metric.title, view?.label].filter(Boolean).join(', ');
  const hint = metric.better === 'higher' ? 'more is better' : 'less is better';
  const option = result.chart === 'curve' ? curveOption(result, metric) : barOption(result, metric, view);
  const name = [result.name, metric.key, view?.key].filter(Boolean).join('-');
  return { name, title, ...renderSvg(option, { title, hint, label: `${result.title}: ${title}` }) };
}
