/** The command `muse` as a person or a program has it: a process, started by its launcher. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { waitUntil } from '../harness/index.ts';

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

export const launcher = join(checkout, 'dist', 'muse');

export interface MuseOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One call, under way or over. */
export class MuseCall {
  out = '';
  err = '';
  /** Resolves with the exit status. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;

  constructor(program: string, args: readonly string[], { cwd = tmpdir(), env = {} }: MuseOptions) {
    this.#process = spawn(program, args, {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process.stdout?.setEncoding('utf8').on('data', (text) => {
      this.out += text;
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text) => {
      this.err += text;
    });
    this.ended = new Promise((done) => this.#process.once('close', done));
    onTestFinished(() => {
      this.#process.kill('SIGKILL');
    });
  }

  interrupt(): void {
    this.#process.kill('SIGINT');
  }

  /** Waits until standard output has `text`. */
  async shows(text: string): Promise<void> {
    await waitUntil(
      () => `"${text}" on standard output, which is:\n${this.out}\n${this.err}`,
      () => this.out.includes(text),
    );
  }
}

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts `muse` with these arguments. */
export function openMuse(args: readonly string[], options: MuseOptions = {}): MuseCall {
  return new MuseCall(launcher, args, options);
}

/** Runs `muse` to its end. */
export async function muse(args: readonly string[], options: MuseOptions = {}): Promise<Ended> {
  const call = openMuse(args, options);
  const status = await call.ended;
  return { status, out: call.out, err: call.err };
}

/** Runs `muse … --json` to its end, with its standard output parsed. */
export async function museJson(args: readonly string[], options: MuseOptions = {}) {
  const ended = await muse([...args, '--json'], options);
  return { ...ended, json: JSON.parse(ended.out) };
}

/** Runs a shell script in which `muse` is the command. */
export async function inShell(
  shell: string,
  script: string,
  options: MuseOptions = {},
): Promise<Ended> {
  const path = `${dirname(launcher)}:${process.env.PATH}`;
  const env = { ...options.env, PATH: path };
  const call = new MuseCall(shell, ['-c', script], { ...options, env });
  const status = await call.ended;
  return { status, out: call.out, err: call.err };
}

/** A folder with these files, gone after the test. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'muse-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}
