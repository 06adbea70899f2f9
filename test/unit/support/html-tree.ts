/** What a whole parser, apart from the filter's, makes of a page. */

import type { DefaultTreeAdapterTypes } from 'parse5';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

const ELEMENTS = /^(?:script|iframe|frame|frameset|object|embed|applet|base|portal|plaintext)$/;
const URL_ATTRIBUTES =
  /^(?:xlink:)?(?:action|background|cite|data|formaction|href|poster|src|srcset)$/;
const RUNS = /^[\u0000-\u0020]*j[\t\n\r]*a[\t\n\r]*v[\t\n\r]*a[\t\n\r]*s[\t\n\r]*c[\t\n\r]*r/i;

/** All in `tree` that could run, or let something run. */
export function dangersIn(tree: Node): string[] {
  return [...elementsIn(tree)].flatMap((element) => {
    const found = ELEMENTS.test(element.tagName) ? [`<${element.tagName}>`] : [];
    for (const { name, value } of element.attrs) {
      const isUrl = URL_ATTRIBUTES.test(name);
      const isData = isUrl && /^\s*data:(?!image|audio|video|font|,)/i.test(value);
      const isHref = /^(?:xlink:)?href$/.test(name);
      const isForeign = element.tagName === 'use' && isHref && !value.startsWith('#');
      const isEvent = /^on|^srcdoc$/.test(name) || /^(?:on|href|xlink)/.test(animated(element));
      const isRefresh = element.tagName === 'meta' && /^http-equiv$/.test(name);
      if (
        isEvent ||
        isData ||
        isForeign ||
        (isUrl && RUNS.test(value)) ||
        (isRefresh && /refr/i.test(value))
      )
        found.push(`<${element.tagName} ${name}="${value}">`);
    }
    return found;
  });
}

/** Name, attributes and text of each element, one below the other. */
export type Outline = readonly string[];

export function outlineOf(tree: Node): Outline {
  return [...elementsIn(tree)].map((element) => {
    const attributes = element.attrs.map(({ name, value }) => `${name}=${value}`).sort();
    const text = element.childNodes.map((node) => ('value' in node ? node.value : '')).join('|');
    return `${element.tagName}: ${element.namespaceURI} ${attributes.join(' ')} ${text}`;
  });
}

function animated(element: Element): string {
  return element.attrs.find(({ name }) => name === 'attributeName')?.value ?? '';
}

function* elementsIn(node: Node): Generator<Element> {
  if ('tagName' in node) yield node;
  if ('content' in node) yield* elementsIn(node.content);
  if (!('childNodes' in node)) return;
  for (const child of node.childNodes) yield* elementsIn(child);
}
