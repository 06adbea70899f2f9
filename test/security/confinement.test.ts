/** What holds an engine back that was taken over, and others from looking into it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import { isCounted } from '../harness/coverage.ts';
import { type EngineProcess, enablePages, type Httpd, test, waitUntil } from '../harness/index.ts';

const isRoot = process.getuid?.() === 0;

/** Whether this kernel has Landlock switched on, which answers with its version. */
const hasLandlock =
  spawnSync('perl', ['-e', 'exit(syscall(444, 0, 0, 1) > 0 ? 0 : 1)']).status === 0;

/** A field of /proc/PID/status. */
function statusOf(pid: number, field: string): string | undefined {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1];
}

/**
 * Lets an engine begin with a script of the test's own: it runs as the engine does, in the same
 * process and under the same rules, and says what it could do in lines of the error log.
 */
function beginWith(httpd: Httpd, script: string): void {
  const { engine } = httpd.environment.stagedEngine();
  const path = httpd.conf.write(
    'engine.js',
    `${script}\nawait import(${JSON.stringify(engine)});\n`,
  );
  httpd.config.lines(`MuseAiEngine ${quote(path)}`);
}

async function startOne(httpd: Httpd): Promise<EngineProcess> {
  await httpd.start();
  await httpd.enginesReady();
  return httpd.engine();
}

const attempts = `
  import { execFileSync, spawn } from 'node:child_process';
  import { appendFileSync, linkSync, mkdirSync, readFileSync, renameSync, symlinkSync, unlinkSync,
    writeFileSync } from 'node:fs';
  import { Worker } from 'node:worker_threads';
  import * as inspector from 'node:inspector';
  const folder = process.env.MUSE_AI_FOLDER;
  const tries = {
    read: () => readFileSync(folder + '/there'),
    write: () => writeFileSync(folder + '/new', ''),
    append: () => appendFileSync(folder + '/there', 'x'),
    remove: () => unlinkSync(folder + '/there'),
    rename: () => renameSync(folder + '/there', folder + '/elsewhere'),
    link: () => linkSync(folder + '/there', folder + '/linked'),
    symlink: () => symlinkSync('/etc/passwd', folder + '/linked'),
    mkdir: () => mkdirSync(folder + '/made'),
    program: () => execFileSync('/bin/true'),
    spawn: () => spawn('/bin/true'),
    worker: () => new Worker('0', { eval: true }),
    inspector: () => inspector.open(0),
  };
  for (const [name, attempt] of Object.entries(tries)) {
    let outcome = 'allowed';
    try { attempt(); } catch (error) { outcome = 'refused ' + error.code; }
    process.stderr.write('<6>attempt ' + name + ': ' + outcome + '\\n');
  }`;

async function outcomes(httpd: Httpd): Promise<Record<string, string>> {
  const last = await httpd.log.waitFor(/attempt inspector: /);
  expect(last).toBeDefined();
  return Object.fromEntries(
    httpd.log.lines.flatMap(({ whole }) => {
      const [, name, outcome] = /attempt (\w+): (\w+)/.exec(whole) ?? [];
      return name === undefined || outcome === undefined ? [] : [[name, outcome]];
    }),
  );
}

/** A folder that the engine’s user may write, but for what is tested here. */
function openFolder(httpd: Httpd): void {
  httpd.conf.write('open/there', 'x');
  execFileSync('chmod', ['-R', '777', httpd.conf.path('open')]);
  httpd.env.MUSE_AI_FOLDER = httpd.conf.path('open');
}

// While coverage is measured, engines are let write.
describe.skipIf(isCounted)('an engine', () => {
  test('reads, and may write nothing and start nothing', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    openFolder(httpd);
    beginWith(httpd, attempts);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    const found = await outcomes(httpd);
    expect(found).toEqual(
      Object.fromEntries(
        Object.keys(found).map((name) => [name, name === 'read' ? 'allowed' : 'refused']),
      ),
    );
    expect(Object.keys(found)).toHaveLength(12);
    expect(readdirSync(httpd.conf.path('open'))).toEqual(['there']);
    expect((await httpd.get('/page')).status).toBe(200);
  });

  test.runIf(hasLandlock)(
    'is told so by the kernel, too, where Node.js knows no permissions',
    async ({ httpd, provider }) => {
      const { node } = httpd.environment.stagedEngine();
      const old = httpd.conf.write(
        'old-node',
        `#!/bin/sh\ncase "$*" in *--permission*) exit 9;; esac\nexec ${node} "$@"\n`,
      );
      execFileSync('chmod', ['755', old]);
      enablePages(httpd, provider);
      openFolder(httpd);
      beginWith(httpd, attempts);
      httpd.config.lines(`MuseAiNode ${quote(old)}`);
      httpd.site.write('page.ai', 'Write about the sea.');
      await httpd.start();
      const found = await outcomes(httpd);
      // What Node.js itself would have refused; files the kernel refuses alone.
      const ofNode = ['program', 'spawn', 'worker', 'inspector'];
      for (const [name, outcome] of Object.entries(found)) {
        const open = name === 'read' || ofNode.includes(name);
        expect([name, outcome]).toEqual([name, open ? 'allowed' : 'refused']);
      }
      expect(readdirSync(httpd.conf.path('open'))).toEqual(['there']);
      // Said once, also when the engine is started again.
      const first = await httpd.engine();
      await first.kill();
      await httpd.log.waitFor(/MUSE0020.*again/);
      expect(httpd.log.matching(102)).toHaveLength(1);
      expect((await httpd.get('/page')).status).toBe(200);
      httpd.log.expect(102, 20, 22);
      httpd.log.allow(/Debugger|nodejs\.org/);
    },
  );

  test('has all the rules also where its Node.js can’t be asked which it knows', async ({
    httpd,
    provider,
  }) => {
    const library = httpd.conf.path('no-spawn.so');
    // In place of the C library's, for httpd alone: the engine is started by other means.
    execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', library], {
      input: '#include <errno.h>\nint posix_spawn() { return EACCES; }\n',
    });
    httpd.env.LD_PRELOAD = library;
    enablePages(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    const { pid } = await httpd.engine();
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')).toContain('--permission');
  });

  test('can gain no privileges, by any program that it might start', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    const { pid } = await startOne(httpd);
    expect(statusOf(pid, 'NoNewPrivs')).toBe('1');
    expect(statusOf(pid, 'CapEff')).toMatch(/^0+$/);
  });

  test.runIf(isRoot)(
    'hides its memory from others of its user, and leaves no core',
    async ({ httpd, provider }) => {
      enablePages(httpd, provider);
      httpd.env.MUSE_AI_EXTRA = 'a secret of the environment';
      const { pid } = await startOne(httpd);
      const become = ['--reuid=www-data', '--regid=www-data', '--clear-groups'];
      const asUser = (...command: string[]) =>
        execFileSync('setpriv', [...become, ...command], { stdio: 'pipe', encoding: 'utf8' });
      expect(statusOf(pid, 'Uid')?.split('\t')[0]).toBe(asUser('id', '-u').trim());
      for (const file of ['environ', 'mem', 'maps', 'fd/4', 'auxv']) {
        const path = `/proc/${pid}/${file}`;
        expect(() => asUser('head', '-c1', path), file).toThrow(/Permission denied/);
      }
      expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/^Max core file size +0 +0 /m);
      // Its supervisor and httpd's children have the configuration in their memory.
      for (const other of [...httpd.children(), ...httpd.supervisors()]) {
        const path = `/proc/${other.pid}/environ`;
        expect(() => asUser('head', '-c1', path), other.name).toThrow(/Permission denied/);
      }
    },
  );

  test.runIf(isRoot)(
    'may be looked into where CoreDumpDirectory asks for cores',
    async ({ httpd, provider }) => {
      enablePages(httpd, provider);
      httpd.config.lines(`CoreDumpDirectory ${quote(httpd.environment.path('run'))}`);
      const { pid } = await startOne(httpd);
      expect(statSync(`/proc/${pid}/environ`).uid).not.toBe(0);
      expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).not.toMatch(
        /^Max core file size +0 +0 /m,
      );
    },
  );

  test('opens no debugger for a signal', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const { pid } = await startOne(httpd);
    process.kill(pid, 'SIGUSR1');
    // An answer means that it had time to take the signal.
    expect((await httpd.get('/page')).status).toBe(200);
    expect(listeners(pid)).toEqual([]);
    expect(httpd.log.text).not.toContain('Debugger');
  });
});

/** What a process listens at by TCP. */
function listeners(pid: number): string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = safeLink(`/proc/${pid}/fd/${fd}`);
      return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
    }),
  );
  return ['tcp', 'tcp6']
    .flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === '0A' && inodes.has(columns[9] ?? ''))
    .map((columns) => columns[1] ?? '');
}

function safeLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return '';
  }
}

test('what listens by TCP would be found', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await waitUntil('a listener', () => listeners(process.pid).length > 0);
  } finally {
    server.close();
  }
});

test('sockets of the engines are httpd’s User’s alone, and the region has no name', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  const engine = await startOne(httpd);
  const uid = Number(statusOf(engine.pid, 'Uid')?.split('\t')[0]);
  const run = httpd.environment.path('run');
  const sockets = readdirSync(run).filter((name) => name.endsWith('.sock'));
  expect(sockets).toHaveLength(1);
  for (const name of sockets) {
    const { mode, uid: owner } = statSync(`${run}/${name}`);
    expect([mode & 0o777, owner]).toEqual([0o600, uid]);
  }
  expect(readlinkSync(`/proc/${engine.pid}/fd/4`)).toMatch(/^\/memfd:.* \(deleted\)$/);
  // Nothing of httpd's own but what the engine is to have: no port, no log, no other engine.
  const [, ...rest] = readdirSync(`/proc/${engine.pid}/fd`).map((fd) =>
    safeLink(`/proc/${engine.pid}/fd/${fd}`),
  );
  expect(rest.filter((target) => target.includes(httpd.environment.serverRoot))).toEqual([]);
  expect(listeners(engine.pid)).toEqual([]);
});
