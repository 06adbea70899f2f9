import type { Httpd } from '../harness/index.ts';

/** An engine that begins when it is told to, or the test is over. */
export function writeLateEngine(httpd: Httpd): Disposable & { directive: string; begin(): void } {
  const { engine } = httpd.environment.stagedEngine();
  const script = [
    "import { existsSync } from 'node:fs';",
    "import { setTimeout } from 'node:timers/promises';",
    `while (!existsSync(${JSON.stringify(httpd.conf.path('go'))})) await setTimeout(20);`,
    `await import(${JSON.stringify(engine)});`,
  ];
  const path = httpd.conf.write('late.mjs', script.join('\n'));
  const begin = () => void httpd.conf.write('go', '');
  return { directive: `MuseAiEngine ${path}`, begin, [Symbol.dispose]: begin };
}
