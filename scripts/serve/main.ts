/**
 * Serves the demo site on a private httpd in the foreground. PORT, HOST, MUSE_DEMO_MODEL and
 * MUSE_RUN_DIR in the environment change where and with what.
 */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findInstallation } from '../httpd/installation.ts';
import { stageEngine } from '../httpd/staging.ts';
import { demoConfig } from './demo-config.ts';
import { DemoServer } from './demo-server.ts';
import { renderIndex } from './index-page.ts';
import { chooseListening } from './listening.ts';
import { LogView } from './log-view.ts';
import { discoverModels, readModels } from './models.ts';
import { RunFolder } from './run-folder.ts';

const { env } = process;

async function main(): Promise<void> {
  const listening = await chooseListening(env.HOST || 'localhost', readPort());
  const installation = stageEngine(findInstallation());
  const wanted = env.MUSE_RUN_DIR || join(installation.checkout, '.run');
  const folder = RunFolder.open(installation, wanted);
  const demo = join(installation.checkout, 'demo');
  try {
    await serve();
  } finally {
    folder.close();
  }

  async function serve(): Promise<void> {
    const { models, notes, passEnv } = await discoverModels(env);
    const schema = pathToFileURL(join(installation.checkout, 'models.schema.json'));
    const text = `${JSON.stringify({ $schema: schema.href, ...models }, null, 2)}\n`;
    const kept = folder.writeUnlessEdited('conf/models.json', text) === 'kept';
    const modelsFile = folder.path('conf', 'models.json');
    const showModels = () => writeIndex(folder, demo, listening.url);
    showModels();
    const { addresses } = listening;
    const config = demoConfig({ installation, folder, addresses, passEnv });
    const errorLog = folder.path('logs', 'error.log');
    const log = new LogView(errorLog, folder.path('logs', 'access.log'), (line) =>
      print(`  ${line}`),
    );
    log.skip();
    const server = new DemoServer(
      installation.httpd,
      folder.write('conf/httpd.conf', config),
      errorLog,
    );
    await server.start();
    watchFile(modelsFile, { interval: 500 }, showModels);
    print(greeting({ folder, demo, url: listening.url, notes, kept }));
    log.start();
    const ended = await server.untilEnded();
    unwatchFile(modelsFile);
    log.stop();
    if (ended === 'by itself') {
      throw new Error('httpd ended by itself. The lines above, or its error log, say why.');
    }
    print('Stopped.');
  }
}

function readPort(): number {
  const port = Number(env.PORT || 8080);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`PORT is "${env.PORT}"; give a number from 1 to 65535.`);
}

function writeIndex(folder: RunFolder, demo: string, url: string): void {
  const template = readFileSync(join(demo, 'index.html'), 'utf8');
  const models = readModels(readFileSync(folder.path('conf', 'models.json'), 'utf8'));
  folder.write('site/index.html', renderIndex(template, models, url));
}

interface Greeting {
  readonly folder: RunFolder;
  readonly demo: string;
  readonly url: string;
  readonly notes: readonly string[];
  /** Whether models.json is the person's own. */
  readonly kept: boolean;
}

function greeting({ folder, demo, url, notes, kept }: Greeting): string {
  const modelsFile = folder.path('conf', 'models.json');
  return [
    '',
    `The demo site is at ${url}`,
    '',
    'Models:',
    ...notes.map((note) => `  ${note}`),
    kept
      ? `  ${modelsFile} was edited and is kept; remove it to have it made anew.`
      : `  They are in ${modelsFile}. Edit it: the running server follows.`,
    `Pages: ${join(demo, 'htdocs')}. Put a prompt in name.ai there, and open ${url}name`,
    ...(folder.isMirrored
      ? [`  The server's user can't read this checkout, so it reads copies that follow.`]
      : []),
    `Logs:  ${folder.path('logs')}`,
    'Ctrl-C stops.',
    '',
  ].join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
