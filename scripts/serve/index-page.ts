import type { Models } from './models.ts';

/**
 * Fills the demo's front page: `<!-- models -->` becomes the list of models to choose from,
 * `<!-- model -->` the default one, and `<!-- url -->` the site's address.
 */
export function renderIndex(template: string, models: Models, url: string): string {
  const items = models.models.map(({ name }) => {
    const isDefault = name === models.default_model;
    const link = `<a href="/hello?model=${encodeURIComponent(name)}">${escapeHtml(name)}</a>`;
    return `<li${isDefault ? ' class="default"' : ''}>${link}${isDefault ? ' <span>default</span>' : ''}</li>`;
  });
  return template
    .replaceAll('<!-- model -->', () => escapeHtml(models.default_model))
    .replaceAll('<!-- url -->', () => escapeHtml(url))
    .replaceAll('<!-- models -->', () => items.join('\n        '));
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
