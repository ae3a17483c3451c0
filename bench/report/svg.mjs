// From a chart's option to SVG text, without a browser.
import * as echarts from 'echarts';
import { FONT, stand, variables, withVariables } from './theme.mjs';

const WIDTH = 640;

/** `option` is ECharts' with the `height` of the chart besides. */
export function renderSvg({ height, ...option }, { title, hint, label }) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    silent: true,
    textStyle: { fontFamily: FONT, color: stand.text },
    title: [
      { text: title, left: 14, top: 10, textStyle: { fontSize: 14, fontWeight: 600, color: stand.text } },
      { text: hint, right: 14, top: 11, textStyle: { fontSize: 12, fontWeight: 400, color: stand.muted } },
    ],
    ...option,
  });
  const text = withVariables(chart.renderToSVGString());
  chart.dispose();
  const named = text.replace('<svg ', `<svg role="img" aria-label="${escapeHtml(label)}" `);
  return { svg: named, standalone: named.replace('>', `><style>${variables('svg')}</style>`) };
}

export function escapeHtml(text) {
  return String(text).replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]);
}
