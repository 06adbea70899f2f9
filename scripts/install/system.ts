import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Target } from './targets.ts';

/** How an installation touches the machine: below a staging folder, or not at all when dry. */
export interface SystemOptions {
  /** DESTDIR: every path lies below it, and no command is run. Empty for the real machine. */
  readonly destination: string;
  readonly dryRun: boolean;
  readonly say: (text: string) => void;
}

export class System {
  readonly #options: SystemOptions;

  constructor(options: SystemOptions) {
    this.#options = options;
  }

  /** The real place of a path of the installation. */
  at(path: string): string {
    return join(this.#options.destination || '/', path);
  }

  /**
   * Puts a file there by renaming it into place: a running httpd goes on with the old one that it
   * has mapped, and nobody ever sees half a file.
   */
  put(target: Target): void {
    const place = this.at(target.path);
    this.#say(`write ${place}`);
    if (this.#options.dryRun) return;
    makeFolder(dirname(place));
    const fresh = `${place}.new`;
    if ('file' in target.source) copyFileSync(target.source.file, fresh);
    else writeFileSync(fresh, target.source.text);
    chmodSync(fresh, target.mode);
    if (target.group !== undefined && process.getuid?.() === 0) {
      chownSync(fresh, 0, groupId(target.group));
    }
    renameSync(fresh, place);
  }

  remove(path: string): void {
    this.#say(`remove ${this.at(path)}`);
    if (!this.#options.dryRun) rmSync(this.at(path), { force: true });
  }

  /** Removes a folder if nothing is left in it. */
  removeEmptyFolder(path: string): void {
    const place = this.at(path);
    if (this.#options.dryRun || !existsSync(place) || readdirSync(place).length > 0) return;
    this.#say(`remove ${place}`);
    rmdirSync(place);
  }

  /** Runs a command on the real machine, and says whether it succeeded. */
  run(program: string, ...args: readonly string[]): boolean {
    const command = [program, ...args].join(' ');
    if (this.#options.destination !== '') {
      this.#say(`not run, because of DESTDIR: ${command}`);
      return true;
    }
    this.#say(`run ${command}`);
    if (this.#options.dryRun) return true;
    return spawnSync(program, args, { stdio: 'inherit' }).status === 0;
  }

  #say(text: string): void {
    this.#options.say(`${this.#options.dryRun ? 'would ' : ''}${text}`);
  }
}

function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true });
  if (made === undefined) return;
  for (let at = folder; at.length >= made.length; at = dirname(at)) chmodSync(at, 0o755);
}

function groupId(name: string): number {
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const id = line?.split(':')[2];
  if (id === undefined) throw new Error(`There is no group ${name} on this machine.`);
  return Number(id);
}

/** Where httpd looks for modules, by `apxs -q LIBEXECDIR`. */
export function askModulesFolder(): string {
  return execFileSync('apxs', ['-q', 'LIBEXECDIR'], { encoding: 'utf8' }).trim();
}
