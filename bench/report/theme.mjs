// The colours of the report, light and dark. Charts are drawn once, with stand-ins that become CSS variables.

/** Name: [light, dark]. */
const COLOURS = {
  text: ['#1c2430', '#e4e9f0'],
  muted: ['#64707f', '#94a1b2'],
  line: ['#e3e8ee', '#2c3543'],
  page: ['#f6f8fa', '#11161d'],
  card: ['#ffffff', '#1a212b'],
  ours: ['#0f7f8c', '#35b8c6'],
  soft: ['#8fc6cc', '#2a6f78'],
  reference: ['#c2570c', '#f08c4a'],
  other: ['#a9b4c2', '#566274'],
  good: ['#1a7f4b', '#4cc38a'],
  bad: ['#c0342b', '#f0716a'],
};

const names = Object.keys(COLOURS);
const standIn = (i) => `#a1000${i.toString(16)}`;

/** What charts are drawn with. */
export const stand = Object.fromEntries(names.map((name, i) => [name, standIn(i)]));

/** Puts CSS variables in the place of the stand-ins. */
export function withVariables(svg) {
  return svg.replace(/#a1000([0-9a-f])/gi, (_, digit) => `var(--${names[Number.parseInt(digit, 16)]})`);
}

const declare = (scheme) => names.map((name) => `--${name}:${COLOURS[name][scheme]}`).join(';');

/** The variables, for both schemes. */
export function variables(selector) {
  return `${selector}{color-scheme:light dark;${declare(0)}}
@media (prefers-color-scheme:dark){${selector}{${declare(1)}}}`;
}

/** Without quotes, for it ends up in attributes. */
export const FONT = 'system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif';
