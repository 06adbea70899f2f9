/** Where a deferred answer is to be had: the page's own URL, with one word more in its query. */

const JOB = 'muse-job=';
/** Words that are for the module and not for the page. */
const OWN = /^(?:cache-bypass=1$|muse-job=)/;

/**
 * The reference for the answer `id` of what was asked for by `uri`, a path and query as sent. In it
 * is also the `language`, which whoever comes back may not ask for again.
 */
export function locationOf(uri: string, id: string, language?: string): string {
  const { path, query } = split(uri);
  const said = language === undefined ? [] : [`lang=${language}`];
  const words = query.split('&').filter((word) => word !== '' && !OWN.test(word));
  const others = words.filter((word) => !said.includes(word));
  return `${path}?${[...others, ...said, `${JOB}${id}`].join('&')}`;
}

function split(uri: string): { path: string; query: string } {
  // A proxy's client may send the whole URL.
  const local = uri.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  return {
    // Two slashes would begin the name of another host.
    path: encode(path.replace(/^\/*/, '/')),
    query: mark < 0 ? '' : encode(local.slice(mark + 1)),
  };
}

/** All but visible ASCII, which alone may stand in a header. */
function encode(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
