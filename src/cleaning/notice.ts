/** What a visitor reads at the end of a page that broke off. */

import type { NoticeKind } from './cleaning.ts';

const SENTENCES: Readonly<Record<NoticeKind, string>> = {
  broken: 'the service that writes it stopped in the middle. Please reload it to try again.',
  timeout: 'writing it took too long. Please reload it to try again.',
  length: 'it grew longer than is allowed.',
  filtered: 'the service that writes it withheld the rest.',
};

/**
 * `all: initial` and a place of its own on the screen: the page's styles, and a layout that hides
 * what overflows, must not hide this.
 */
const STYLE = [
  'all:initial',
  'position:fixed',
  'inset:auto 0 0 0',
  'z-index:2147483647',
  'display:block',
  'box-sizing:border-box',
  'padding:.75em 1em',
  'background:#fff4ce',
  'color:#3b2f00',
  'border-top:2px solid #8a6d00',
  'font:16px/1.5 system-ui,sans-serif',
  'text-align:center',
].join(';');

export function noticeText(kind: NoticeKind): string {
  return `This page is not complete: ${SENTENCES[kind]}`;
}

/** As HTML, to stand in a body. Screen readers say it at once. */
export function noticeHtml(kind: NoticeKind): string {
  return `\n<div role="alert" lang="en" dir="ltr" style="${STYLE}">${noticeText(kind)}</div>`;
}
