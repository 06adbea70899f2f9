import { createServer } from 'node:net';

/** Where to listen: the addresses for httpd and the URL for a person. */
export interface Listening {
  readonly addresses: readonly string[];
  readonly url: string;
}

/** Undefined when the port is free there, else the error's code, such as EADDRINUSE. */
export function tryPort(host: string, port: number): Promise<{ port: number } | { code: string }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ code: error.code ?? error.message }),
    );
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve({ port: bound }));
    });
  });
}

/**
 * Finds out whether the port can be had, before httpd is started. For `localhost` that is both
 * loopback addresses, since browsers try ::1 first. Port 0 means any free one.
 * @throws Error that says what to do
 */
export async function chooseListening(host: string, wanted: number): Promise<Listening> {
  const hosts = host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
  let port = wanted;
  const addresses: string[] = [];
  for (const address of hosts) {
    const tried = await tryPort(address, port);
    if ('port' in tried) {
      port = tried.port;
      addresses.push(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
    } else if (tried.code !== 'EADDRNOTAVAIL' && tried.code !== 'EAFNOSUPPORT') {
      throw new Error(explain(tried.code, address, port));
    }
  }
  if (addresses.length === 0) throw new Error(explain('EADDRNOTAVAIL', host, port));
  return { addresses, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/` };
}

function explain(code: string, host: string, port: number): string {
  const other = port >= 1024 && port < 65_535 ? port + 1 : 8080;
  const how = `Choose another one: PORT=${other} npm start`;
  if (code === 'EADDRINUSE') return `Port ${port} is in use by another program. ${how}`;
  if (code === 'EACCES') return `Port ${port} is for root only. ${how}`;
  if (code === 'EADDRNOTAVAIL') return `This machine has no address ${host}: check HOST.`;
  return `Can't listen on ${host}, port ${port}: ${code}. ${how}`;
}
