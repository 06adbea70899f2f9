import type { Plot } from '../suite.ts';
import { makeScale } from './scale.ts';

const width = 720;
const height = 392;
/** The field that the lines lie in. */
const field = { left: 64, right: width - 32, top: 56, bottom: height - 84 };
/** Of different brightness too, and readable on light and dark. */
const colours = ['#2f7ed8', '#e8702a', '#2ca05a', '#a05ac8', '#c8a000', '#888888'];
const style = `
  text { font: 12px system-ui, sans-serif; fill: #333 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #999; stroke-opacity: .3 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } }
`;

/** A plot as a picture that needs nothing else, without a background of its own. */
export function renderSvg(plot: Plot): string {
  const points = plot.series.flatMap((series) => series.points);
  const x = makeScale(
    plot.x.scale,
    points.map(([value]) => value),
    field.left,
    field.right,
  );
  const y = makeScale(
    plot.y.scale,
    points.map(([, value]) => value),
    field.bottom,
    field.top,
  );
  const lines = plot.series.map(({ points: list }, at) => {
    const path = list.map(([px, py]) => `${place(x.place(px))},${place(y.place(py))}`).join(' ');
    return `<polyline class="line" stroke="${colourOf(at)}" points="${path}"/>`;
  });
  const middle = (field.left + field.right) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(plot.title)}</title>`,
    `<style>${style}</style>`,
    text(field.left, 22, plot.title, 'class="title"'),
    ...x.ticks.flatMap((tick) => [
      grid(x.place(tick), field.top, x.place(tick), field.bottom),
      text(x.place(tick), field.bottom + 18, tickText(tick), 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap((tick) => [
      grid(field.left, y.place(tick), field.right, y.place(tick)),
      text(field.left - 8, y.place(tick) + 4, tickText(tick), 'text-anchor="end"'),
    ]),
    text(middle, field.bottom + 38, plot.x.label, 'text-anchor="middle"'),
    text(field.left, field.top - 6, plot.y.label, ''),
    ...lines,
    ...legend(plot),
    '</svg>',
    '',
  ].join('\n');
}

/** Names with their colours, below, three in a row. */
function legend({ series }: Plot): string[] {
  const column = (field.right - field.left) / 3;
  return series.flatMap(({ name }, at) => {
    const left = field.left + (at % 3) * column;
    const top = field.bottom + 58 + Math.floor(at / 3) * 18;
    return [
      `<rect x="${place(left)}" y="${place(top - 9)}" width="10" height="10" fill="${colourOf(at)}"/>`,
      text(left + 16, top, name, ''),
    ];
  });
}

function colourOf(at: number): string {
  return colours[at % colours.length] ?? 'currentColor';
}

function grid(x1: number, y1: number, x2: number, y2: number): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map(place);
  return `<line class="grid" x1="${a}" y1="${b}" x2="${c}" y2="${d}"/>`;
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${place(x)}" y="${place(y)}" ${attributes}>${escapeXml(words)}</text>`;
}

/** A tenth of a pixel is finer than anybody sees. */
function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** `10,000`, `0.01`; steps are multiples of powers of ten, which are not exact. */
function tickText(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en-GB', { maximumFractionDigits: 6 });
}

function escapeXml(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
