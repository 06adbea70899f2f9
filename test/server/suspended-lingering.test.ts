import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { enablePages, type Httpd, test, waitUntil } from '../harness/index.ts';
import { visitorsOf } from '../harness/tcp-sockets.ts';
import { enableStatus, fewThreads, readScoreboard } from './few-threads.ts';
import { gated } from './gated-page.ts';

const request = 'GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n';

test('who goes on sending behind a page that has ended is let go all the same', async ({
  httpd,
  provider,
}) => {
  enableStatus(httpd);
  fewThreads(httpd, 4);
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about the sea.');
  const gate = gated(provider);
  await httpd.start();
  const visitor = ask(httpd.port);
  await gate.arrived();
  gate.open();
  await visitor.ended;
  const trickle = setInterval(() => visitor.socket.write('x'), 100);
  try {
    await waitUntil('the connection to be closed', () => connections(httpd) === 0);
  } finally {
    clearInterval(trickle);
    visitor.socket.destroy();
  }
  await waitUntil('one busy thread', async () => (await readScoreboard(httpd)) === 'W');
});

/** Asks for the page; `ended` when httpd has closed its side behind it, while ours stays open. */
function ask(port: number): { socket: Socket; ended: Promise<void> } {
  let text = '';
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', () => undefined); // what is sent after the end is reset
  socket.write(request);
  const ended = new Promise<void>((resolve) => socket.once('end', resolve)).then(() => {
    expect(text.endsWith('\r\n0\r\n\r\n')).toBe(true);
  });
  return { socket, ended };
}

/** How many connections to visitors httpd's children have. */
function connections(httpd: Httpd): number {
  return httpd.children().flatMap(({ pid }) => visitorsOf(pid, httpd.port)).length;
}
