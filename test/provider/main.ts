/**
 * The scripted provider as a program: prints its base URL on the first line and serves until it is
 * told to stop (SIGINT, SIGTERM, or its standard input closes when `--stdin` is given).
 *
 *     node test/provider/main.ts --port 0
 */
import { parseArgs } from 'node:util';
import { scriptByName } from './named.ts';
import { startProvider } from './provider.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'api-key': { type: 'string' },
    stdin: { type: 'boolean', default: false },
  },
});

const provider = await startProvider({
  port: Number(values.port),
  host: values.host,
  remember: 100,
  fallback: (request) => scriptByName(request.model),
  ...(values['api-key'] === undefined ? {} : { apiKey: values['api-key'] }),
});
process.stdout.write(`${provider.url}\n`);

const stop = () => {
  void provider.close().then(() => process.exit(0));
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
if (values.stdin) process.stdin.once('end', stop).resume();
