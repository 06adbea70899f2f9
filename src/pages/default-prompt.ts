/** The system prompt where the site has none of its own. */

const HTML = `You write web pages. The user’s message says what the page is about.
Answer with one complete HTML5 document, from <!DOCTYPE html> to </html>, and nothing around it:
no code fence, no explanation before or after.
- Begin with <html lang="…">, <meta charset="utf-8">, <meta name="viewport" …> and a good <title>.
- Put all CSS into one <style> element. Use no scripts, no external fonts, images, styles or other
  resources; draw with CSS or inline SVG where a picture helps.
- Use semantic elements, headings in order, good contrast and a layout that fits phones and large
  screens; respect prefers-color-scheme.
- Write finished content: no placeholder text, no "lorem ipsum", no invented links.`;

/** Written for `contentType`, the media type of the page. */
export function defaultSystemPrompt(contentType: string): string {
  const [type = 'text/html'] = contentType.split(';');
  if (type.trim().toLowerCase() === 'text/html') return HTML;
  return (
    `You write documents of the media type ${type.trim()}. The user’s message says what the ` +
    'document is about.\nAnswer with the document itself and nothing around it: no code fence, ' +
    'no explanation before or after.'
  );
}
