/** The status page around its parts: no outside resources, and a policy that allows none. */

import { hash } from 'node:crypto';
import type { Header } from '../exchange.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5a6478; --paper: #f6f7fb; --card: #fff;
  --line: #dfe3ec; --accent: #4a3fd0; --good: #17795e; --fair: #8a5a00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf2; --soft: #a3abc0; --paper: #14161d;
  --card: #1d2029; --line: #343947; --accent: #a79fff; --good: #5fd3ab; --fair: #f0bd5c;
  --bad: #ff8f85; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 0.95rem/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem 1.25rem 2rem; }
section { margin: 0 0 1.25rem; }
h1 { font-size: 1.5rem; margin: 0; display: inline-block; }
h1 small { font-size: 0.9rem; font-weight: 400; color: var(--soft); }
h2 { font-size: 1rem; margin: 0 0 0.5rem; }
h3 { font-size: 0.85rem; font-weight: 500; margin: 0; color: var(--soft); }
p { margin: 0; color: var(--soft); }
ul { margin: 0.5rem 0 0; padding-left: 1.25rem; }
.pill { display: inline-block; margin: 0 0.5rem; padding: 0 0.7rem; border: 1px solid currentColor;
  border-radius: 99px; font-size: 0.85rem; font-weight: 600; color: var(--soft); vertical-align: 0.1em; }
td .pill { margin: 0; }
.ok, .up { color: var(--good); }
.degraded, .failing, .limited { color: var(--fair); }
.down, .resting, .unusable { color: var(--bad); }
#numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 0.75rem; }
.card, .block { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
  padding: 0.8rem 1rem; }
.card p { font-size: 0.85rem; }
.card .value { font-size: 1.6rem; line-height: 1.3; font-weight: 600; color: var(--ink);
  white-space: nowrap; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.3rem 1rem 0.3rem 0; border-top: 1px solid var(--line);
  font-weight: 400; white-space: nowrap; }
thead th { border: 0; color: var(--soft); font-size: 0.85rem; }
tbody th { font-weight: 600; }
svg { display: block; }
.curve { width: 100%; height: 2rem; }
.curve polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
td:has(.bar) { width: 40%; }
.bar { width: 100%; min-width: 8rem; height: 0.5rem; margin: 0.15rem 0; border-radius: 99px; }
.bar rect { fill: var(--accent); }
.bar .track { fill: var(--line); }
.bar .hit, .bar .first { fill: var(--good); }
.bar .stale { fill: var(--fair); }
.bar .limited, .bar .returned { fill: var(--soft); }
.bar .error { fill: var(--bad); }
footer { color: var(--soft); font-size: 0.85rem; }`;

/** Puts each part that changed into its place; comes back when httpd or the engine was away. */
const SCRIPT = `
const live = document.getElementById('live');
function connect() {
  const events = new EventSource(location.href);
  events.onmessage = ({ data }) => {
    for (const [id, html] of Object.entries(JSON.parse(data))) {
      document.getElementById(id).innerHTML = html;
    }
    live.textContent = 'Live.';
  };
  events.onerror = () => {
    live.textContent = 'Not live: no connection; it is tried again.';
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  };
}
connect();`;

const TITLE = 'mod_muse_ai status';
const BLOCKS = new Set(['outcomes', 'times', 'models', 'budgets', 'endpoints', 'engines']);

const source = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`;

export const PAGE_HEADERS: readonly Header[] = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  [
    'Content-Security-Policy',
    `default-src 'none'; style-src ${source(STYLE)}; script-src ${source(SCRIPT)}; ` +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
];

/** Without scripts the page is loaded anew now and then. */
export function renderPage(parts: ReadonlyMap<string, string>): string {
  const sections = [...parts].map(([id, html]) => {
    const frame = BLOCKS.has(id) ? ' class="block"' : '';
    return `<section id="${id}"${frame}>${html}</section>\n`;
  });
  return (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n' +
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n' +
    `<title>${TITLE}</title>\n<style>${STYLE}</style>\n` +
    '<noscript><meta http-equiv="refresh" content="5"></noscript>\n</head>\n<body>\n<main>\n' +
    `${sections.join('')}<footer id="live">As of now; it is loaded again every five seconds.` +
    `</footer>\n</main>\n<script>${SCRIPT}</script>\n</body>\n</html>\n`
  );
}
