import { createHash } from 'node:crypto';
import type { Httpd } from '../../test/harness/httpd.ts';
import type { Peer } from './cached-peers.ts';

/** Throws unless the subject answers 200 with these bytes, and by the way that its name says. */
export async function verifySubject(httpd: Httpd, peer: Peer, body: Buffer): Promise<void> {
  const answer = await httpd.get(peer.path);
  const [name, wanted] = peer.header;
  const value = answer.headers[name];
  const right = wanted === undefined ? value === undefined : wanted.test(value ?? '');
  if (answer.status === 200 && right && hash(answer.body) === hash(body)) return;
  throw new Error(
    `${peer.name} at ${peer.path} answers ${answer.status}, ${answer.body.length} bytes ` +
      `(sha256 ${hash(answer.body)}, wanted ${hash(body)}), ${name}: ${value ?? 'absent'}`,
  );
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
