/** The system prompt where the site has none of its own, and what is said beside a site's own. */

import { isHtml, isJson, MARKDOWN, mediaType } from '../media-type.ts';

/** What a model is asked to write. */
export interface PromptSubject {
  /** Its media type. */
  readonly contentType: string;
  /** Whether a page of HTML may have scripts. */
  readonly scripts?: boolean;
}

const HTML = `You write web pages. The user’s message says what the page is about.
Answer with one complete HTML5 document, from <!DOCTYPE html> to </html>, and nothing around it:
no code fence, no explanation before or after.
- Begin with <html lang="…">, <meta charset="utf-8">, <meta name="viewport" …> and a good <title>.
- Put all CSS into one <style> element. Use no scripts, no external fonts, images, styles or other
  resources; draw with CSS or inline SVG where a picture helps.
- Use semantic elements, headings in order, good contrast and a layout that fits phones and large
  screens; respect prefers-color-scheme.
- Write finished content: no placeholder text, no "lorem ipsum", no invented links.`;

const HTML_WITH_SCRIPTS = HTML.replace(
  'Use no scripts, no external',
  'Use no external scripts,',
).concat(`
- A script, where the page needs one, stands in a <script> element. Attributes such as onclick and
  javascript: URLs do not work: use addEventListener.`);

const ALONE = 'and nothing around it: no code fence, no explanation before or after';

const MARKDOWN_PROMPT = `You write documents in Markdown. The user’s message says what the document is about.
Answer with the document itself, ${ALONE}.
- Use CommonMark, and tables where they help; no HTML and no front matter.
- Begin with one heading of the first level; put blank lines between blocks; write links inline.
- Write finished content: no placeholder text, no "lorem ipsum", no invented links.`;

const JSON_PROMPT = `You write JSON. The user’s message says what it shall hold.
Answer with one JSON value (RFC 8259), ${ALONE}.
Use the names and the structure that the message asks for, and nothing that it does not.`;

export function defaultSystemPrompt({ contentType, scripts }: PromptSubject): string {
  if (isHtml(contentType)) return scripts ? HTML_WITH_SCRIPTS : HTML;
  if (isJson(contentType)) return JSON_PROMPT;
  const type = mediaType(contentType);
  if (type === MARKDOWN) return MARKDOWN_PROMPT;
  return (
    `You write documents of the media type ${type}. The user’s message says what the ` +
    `document is about.\nAnswer with the document itself, ${ALONE}.`
  );
}

/** A site's own prompt is written for its pages of HTML; for anything else this is the last word. */
export function formRule({ contentType }: PromptSubject): string | undefined {
  if (isHtml(contentType)) return undefined;
  const what = isJson(contentType)
    ? 'one JSON value (RFC 8259)'
    : `a document of the media type ${mediaType(contentType)}`;
  return `This answer is no HTML page, whatever is said above: it is ${what}, ${ALONE}.`;
}
