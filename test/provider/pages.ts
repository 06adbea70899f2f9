/** A small, complete page: what the scripted provider writes when nobody says otherwise. */
export function samplePage(model: string): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head><meta charset="utf-8"><title>A scripted page</title></head>',
    '<body>',
    '<h1>A scripted page</h1>',
    `<p>Written by ${escapeHtml(model)}, word for word as scripted: naïve café, 日本語, 🌊.</p>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** A page of about `tokens` tokens for load tests: every token is numbered, so loss shows. */
export function numberedPage(tokens: number): string[] {
  const head = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Numbers</title>';
  const opening = `${head}</head><body><p>`;
  const numbers = Array.from({ length: Math.max(tokens - 2, 0) }, (_, index) => `token-${index} `);
  return [opening, ...numbers, '</p></body></html>'];
}

function escapeHtml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
