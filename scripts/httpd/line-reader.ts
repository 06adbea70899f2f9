import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** Reads a log file as it grows, line by line. */
export class LineReader {
  readonly path: string;
  readonly #decoder = new StringDecoder('utf8');
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.path = path;
  }

  /** The lines that were completed since the last call; none while there is no file. */
  read(): string[] {
    const lines = (this.#rest + this.#decoder.write(this.#readNew())).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line !== '');
  }

  #readNew(): Buffer {
    const fd = this.#open();
    if (fd === undefined) return Buffer.alloc(0);
    const chunks: Buffer[] = [];
    try {
      for (;;) {
        const chunk = Buffer.alloc(65_536);
        const length = readSync(fd, chunk, 0, chunk.length, this.#offset);
        if (length === 0) return Buffer.concat(chunks);
        this.#offset += length;
        chunks.push(chunk.subarray(0, length));
      }
    } finally {
      closeSync(fd);
    }
  }

  #open(): number | undefined {
    try {
      return openSync(this.path, 'r');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
