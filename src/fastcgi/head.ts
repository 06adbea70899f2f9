/** The head of an answer as CGI writes it (RFC 3875, section 6.3), refused if it is not sound. */

import { BadHeadError, type Header } from '../exchange.ts';

/** A token of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What may not stand in a value: all but tab, space and visible ASCII. */
const UNSOUND = /[^\t\x20-\x7e]/;

/** The head before this one: that of a page is the same for all of a crowd. */
let last = { text: '', bytes: Buffer.alloc(0) };

/**
 * The bytes of a head. A name or value comes from whoever wrote the page or its model, so one with
 * a line break in it could say whatever it likes to the client: none is sent.
 *
 * @throws {BadHeadError} what is wrong, without the value itself.
 */
export function encodeHead(status: number, headers: readonly Header[]): Buffer {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new BadHeadError('status', `${status} is no status of a final answer (200 to 599)`);
  }
  let text = `Status: ${status}\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  if (text === last.text) return last.bytes;
  for (const header of headers) check(header);
  last = { text, bytes: Buffer.from(`${text}\r\n`, 'latin1') };
  return last.bytes;
}

function check([name, value]: Header): void {
  if (!TOKEN.test(name)) {
    throw new BadHeadError('name', `${JSON.stringify(name)} is no name of a header`);
  }
  if (name.toLowerCase() === 'status') {
    throw new BadHeadError('name', 'Status is no header here: give the status as a number');
  }
  if (UNSOUND.test(value)) {
    const advice = 'only visible ASCII, spaces and tabs may (RFC 8187 encodes the rest)';
    throw new BadHeadError('value', `the value of ${name} has a character it may not: ${advice}`);
  }
}
