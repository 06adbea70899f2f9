/** The head of an answer as CGI writes it (RFC 3875, section 6.3), refused if it is not sound. */

import { BadHeadError, type Header } from '../exchange.ts';

/** A token of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What may not stand in a value: all but tab, space and visible ASCII. */
const UNSOUND = /[^\t\x20-\x7e]/;

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
  for (const [name, value] of headers) {
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
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}
