/** A Keyv store over the region: what httpd's children read without asking the engine. */

import { type KeyvStorageCapability, keyvStorageCapability } from 'keyv';
import type { Clock } from '../clock.ts';
import type { Header } from '../exchange.ts';
import { factsFrom, notesOf } from '../facts.ts';
import type { RegionEntry } from '../region-types.ts';
import type { Answer } from './answer.ts';
import { RegionTime } from './region-time.ts';

/** What of the region the store needs. */
export interface RegionPages {
  get(key: Buffer): RegionEntry | undefined;
  put(key: Buffer, entry: RegionEntry): void;
  hold(key: Buffer, seconds: number): boolean;
  remove(key: Buffer): boolean;
  clear(): void;
  nowMs(): number;
  /** Raised when prompts have changed, or all pages were purged. */
  readonly epoch: number;
}

/** What Keyv keeps: the value, and when it ends in wall-clock milliseconds. */
interface Envelope {
  readonly value: Answer;
  readonly expires?: number | undefined;
}

export class RegionStore {
  readonly #region: RegionPages;
  readonly #time: RegionTime;

  constructor(region: RegionPages, clock: Clock) {
    this.#region = region;
    this.#time = new RegionTime(region, clock);
  }

  get capabilities(): KeyvStorageCapability {
    return keyvStorageCapability(this);
  }

  /** The answer under a content key of 40 hex digits. */
  async get(key: string): Promise<Envelope | undefined> {
    const entry = this.#region.get(toKey(key));
    if (entry === undefined || entry.alias) return undefined;
    const ahead = this.#time.ahead();
    return {
      value: {
        ...parseHead(entry.head),
        body: entry.body,
        storedAt: entry.storedAt - ahead,
        freshMs: entry.freshUntil - entry.storedAt,
        staleMs: entry.staleUntil - entry.freshUntil,
      },
      expires: entry.staleUntil - ahead,
    };
  }

  /** @throws {RegionError} `MUSE_TOO_LARGE` when the answer does not fit; nothing is kept then. */
  async set(key: string, envelope: unknown, expires?: number): Promise<boolean> {
    const { value } = envelope as Envelope;
    const ahead = this.#time.ahead();
    const storedAt = Math.max(0, value.storedAt + ahead);
    const freshUntil = storedAt + value.freshMs;
    this.#region.put(toKey(key), {
      storedAt,
      freshUntil,
      staleUntil: Math.max(freshUntil + value.staleMs, expires === undefined ? 0 : expires + ahead),
      alias: false,
      head: formatHead(value),
      body: value.body,
    });
    return true;
  }

  /**
   * Makes `pageKey` name the answer under a content key, for as long as that is fresh and kept, or
   * for `times` if these are shorter. `tag` says which page it is, for who purges it.
   *
   * @returns when the answer was written, by the region's clock.
   * @throws {RegionError} when the region can't take it.
   */
  alias(
    pageKey: Buffer,
    key: string,
    answer: Answer,
    times: Pick<Answer, 'freshMs' | 'staleMs'> & { readonly pageStale?: number | undefined },
    tag: Buffer,
  ): number {
    const storedAt = Math.max(0, answer.storedAt + this.#time.ahead());
    const freshUntil = storedAt + Math.min(answer.freshMs, times.freshMs);
    const keptUntil = storedAt + answer.freshMs + answer.staleMs;
    this.#region.put(pageKey, {
      storedAt,
      freshUntil,
      staleUntil: Math.min(keptUntil, freshUntil + times.staleMs),
      alias: true,
      head: aliasHead(tag, times.pageStale),
      body: toKey(key),
    });
    return storedAt;
  }

  /** When the answer under a content key was written, by the region's clock; 0: there is none. */
  writtenAt(key: string): number {
    return this.#region.get(toKey(key))?.storedAt ?? 0;
  }

  async delete(key: string): Promise<boolean> {
    return this.#region.remove(toKey(key));
  }

  async clear(): Promise<void> {
    this.#region.clear();
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async getMany(keys: string[]): Promise<(Envelope | undefined)[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async setMany(entries: { key: string; value: unknown; expires?: number }[]): Promise<boolean[]> {
    return Promise.all(entries.map(({ key, value, expires }) => this.set(key, value, expires)));
  }

  async deleteMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.delete(key)));
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }
}

/** The tag of the page, and how long it may be served stale: see muse_cached.c. */
function aliasHead(tag: Buffer, seconds: number | undefined): Buffer {
  if (seconds === undefined) return tag;
  const stale = Buffer.alloc(4);
  stale.writeUInt32LE(seconds);
  return Buffer.concat([tag, stale]);
}

function toKey(hex: string): Buffer {
  if (!/^[0-9a-f]{40}$/.test(hex)) throw new TypeError('a key of the region is 40 hex digits');
  return Buffer.from(hex, 'hex');
}

/** What begins a line that is no header: httpd's children keep it for the access log. */
const NOTE = '=';

/** httpd's children send these lines as they stand. */
function formatHead({ headers, facts }: Answer): Buffer {
  const notes = facts === undefined ? [] : notesOf(facts);
  const lines = [...headers, ...notes.map(([name, value]) => [`${NOTE}${name}`, value] as const)];
  return Buffer.from(lines.map(([name, value]) => `${name}: ${value}\n`).join(''));
}

function parseHead(head: Buffer): Pick<Answer, 'headers' | 'facts'> {
  const headers: Header[] = [];
  const notes = new Map<string, string>();
  for (const line of head.toString().split('\n')) {
    const colon = line.indexOf(': ');
    if (colon < 0) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 2)];
    if (name.startsWith(NOTE)) notes.set(name.slice(NOTE.length), value);
    else headers.push([name, value]);
  }
  return { headers, facts: factsFrom(notes) };
}
