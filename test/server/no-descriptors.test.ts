import { expect } from 'vitest';
import { leaveDescriptors } from '../harness/descriptors.ts';
import { enablePages, test, waitUntil } from '../harness/index.ts';
import { visitorsOf } from '../harness/tcp-sockets.ts';
import { fewThreads } from './few-threads.ts';

test('a child that may open no more files says so, and not that a folder is closed to it', async ({
  httpd,
  provider,
}) => {
  fewThreads(httpd, 4);
  // Else httpd has no descriptor for looking after an .htaccess either, and answers 403.
  for (const folder of ['/', httpd.site.root]) {
    httpd.config.section('Directory', folder, 'AllowOverride None');
  }
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  await httpd.enginesReady();
  // Who has answered somebody, who has left, has all descriptors of its own and no others.
  expect((await httpd.get('/missing')).status).toBe(404);
  const { pid = 0 } = httpd.children()[0] ?? {};
  await waitUntil('nobody to be there', () => visitorsOf(pid, httpd.port).length === 0);
  leaveDescriptors(pid, 1, httpd.environment); // the visitor's
  expect((await httpd.get('/page')).status).toBe(503);
  httpd.log.expect(/MUSE0045.*may open no more files.*ulimit -n/);
});
