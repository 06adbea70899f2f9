/**
 * What one would write without us: a Node.js server that streams a model's answer with the
 * `openai` package. `/MODEL?n=…` is the page that MODEL writes.
 *
 *   PROVIDER=http://… PORT=… node plain-server.ts
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.env.PROVIDER, apiKey: 'none' });

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    // The visitor has left: there is nobody to tell.
    if (response.destroyed) return;
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end('The model does not answer.\n');
  });
});
server.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 });

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const url = new URL(request.url ?? '/', 'http://localhost');
  const stream = await client.chat.completions.create(
    {
      model: url.pathname.slice(1),
      stream: true,
      messages: [{ role: 'user', content: `Write page ${url.searchParams.get('n')}.` }],
    },
    { signal: left.signal },
  );
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'x-writer': 'plain' });
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content;
    if (!text) continue;
    if (!response.write(text)) await once(response, 'drain', { signal: left.signal });
  }
  response.end();
}
