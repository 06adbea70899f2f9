/** Pieces of HTML that the parts of the status page are made of, and numbers as people read them. */

export type Html = string;

export function card(title: string, value: string, note: Html): Html {
  return `<div class="card"><h3>${title}</h3><p class="value">${value}</p><p>${note}</p></div>`;
}

export function table(
  title: string,
  head: readonly string[],
  rows: readonly Html[],
  none = '',
): Html {
  if (rows.length === 0) return `<h2>${title}</h2><p>${none}</p>`;
  const cells = head.map((each) => `<th scope="col">${each}</th>`).join('');
  return (
    `<h2>${title}</h2><div class="wide"><table><thead><tr>${cells}</tr></thead>` +
    `<tbody>${rows.join('')}</tbody></table></div>`
  );
}

export function row(first: Html, ...cells: readonly Html[]): Html {
  return `<tr><th scope="row">${first}</th>${cells.map((each) => `<td>${each}</td>`).join('')}</tr>`;
}

export function bar(n: number, total: number, kind: string): Html {
  const width = total === 0 ? 0 : (n / total) * 100;
  return (
    '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">' +
    `<rect class="track" width="100" height="6"/>` +
    `<rect class="${kind}" width="${width.toFixed(1)}" height="6"/></svg>`
  );
}

const whole = new Intl.NumberFormat('en');

export function count(n: number): string {
  return whole.format(n);
}

export function share(n: number, total: number): string {
  return total === 0 ? '–' : `${((n / total) * 100).toFixed(1)} %`;
}

export function money(n: number): string {
  return n === 0 ? '0' : n.toFixed(n < 1 ? 4 : 2);
}

export function bytes(n: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const step = Math.min(units.length - 1, n < 1 ? 0 : Math.floor(Math.log2(n) / 10));
  const value = n / 1_024 ** step;
  return `${value.toFixed(step === 0 || value >= 100 ? 0 : 1)} ${units[step]}`;
}

export function duration(seconds: number): string {
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours > 0) return `${hours} h ${minutes} min`;
  const rest = `${Math.floor(seconds % 60)} s`;
  return minutes > 0 ? `${minutes} min ${rest}` : rest;
}

export function escapeMarkup(text: string): Html {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
