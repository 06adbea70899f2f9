/** From bytes to records: FastCGI 1.0 as either side of a connection reads it. */

import { NameValueDecoder } from './name-values.ts';
import {
  FastCgiError,
  HEADER_LENGTH,
  KEEP_CONN,
  NULL_REQUEST,
  RECORD,
  STREAMS,
  type StreamName,
  type StreamRecord,
  VERSION,
} from './protocol.ts';

/**
 * What a record says. The content of streams comes in pieces as it arrives, never gathered: a
 * record may give several events. `data` is a view of the bytes that were pushed; an empty `data`
 * is the end of that stream.
 */
export type FastCgiEvent =
  | {
      readonly type: 'begin';
      readonly requestId: number;
      readonly role: number;
      readonly keepConnection: boolean;
    }
  | { readonly type: 'abort'; readonly requestId: number }
  | {
      readonly type: 'end';
      readonly requestId: number;
      readonly appStatus: number;
      readonly protocolStatus: number;
    }
  | { readonly type: StreamName; readonly requestId: number; readonly data: Uint8Array }
  | { readonly type: 'get-values'; readonly names: readonly string[] }
  | { readonly type: 'get-values-result'; readonly values: ReadonlyMap<string, string> }
  /** The other side did not know a record of ours. */
  | { readonly type: 'unknown-type'; readonly recordType: number }
  /** A record of a type that the specification does not have. */
  | { readonly type: 'unknown'; readonly requestId: number; readonly recordType: number };

/** Content of the records that are gathered: all of fixed length but the two with values. */
const FIXED_LENGTH: Readonly<Record<number, number>> = {
  [RECORD.begin]: 8,
  [RECORD.abort]: 0,
  [RECORD.end]: 8,
  [RECORD.unknownType]: 8,
};
const VALUES_MAX = 4_096;

/**
 * Takes bytes in pieces of any size and gives events. Holds at most one header and one short
 * control record, whatever comes.
 */
export class RecordDecoder {
  readonly #header = Buffer.alloc(HEADER_LENGTH);
  #have = 0;
  #content = 0;
  #padding = 0;
  /** Content of a record that is gathered; undefined for streams and unknown records. */
  #control: Buffer | undefined;
  #failure: FastCgiError | undefined;

  /**
   * The events in `chunk`, lazily: take them all before the next call.
   *
   * @throws {FastCgiError} when the bytes are not FastCGI; then, and from then on, at every call.
   */
  *push(chunk: Uint8Array): Generator<FastCgiEvent, void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      yield* this.#read(chunk);
    } catch (error) {
      if (error instanceof FastCgiError) this.#failure = error;
      throw error;
    }
  }

  /** Whether the bytes so far end between two records. */
  get betweenRecords(): boolean {
    return this.#have === 0;
  }

  *#read(chunk: Uint8Array): Generator<FastCgiEvent, void> {
    let at = 0;
    while (at < chunk.length) {
      const left = chunk.length - at;
      if (this.#have < HEADER_LENGTH) {
        const taken = Math.min(left, HEADER_LENGTH - this.#have);
        this.#header.set(chunk.subarray(at, at + taken), this.#have);
        this.#have += taken;
        at += taken;
        if (this.#have < HEADER_LENGTH) return;
        this.#beginRecord();
        if (this.#content === 0) yield* this.#wholeRecord();
      } else if (this.#content > 0) {
        const taken = Math.min(left, this.#content);
        const piece = chunk.subarray(at, at + taken);
        at += taken;
        const stream = this.#stream;
        if (this.#control !== undefined) {
          this.#control.set(piece, this.#control.length - this.#content);
        }
        this.#content -= taken;
        if (stream !== undefined) yield { type: stream, requestId: this.#requestId, data: piece };
        else if (this.#content === 0) yield* this.#wholeRecord();
      } else {
        const taken = Math.min(left, this.#padding);
        this.#padding -= taken;
        at += taken;
      }
      if (this.#content === 0 && this.#padding === 0) this.#have = 0;
    }
  }

  get #type(): number {
    return this.#header[1] ?? 0;
  }

  get #requestId(): number {
    return this.#header.readUInt16BE(2);
  }

  get #stream(): StreamName | undefined {
    return isStream(this.#type) ? STREAMS[this.#type] : undefined;
  }

  #beginRecord(): void {
    const version = this.#header[0] ?? 0;
    if (version !== VERSION) {
      throw new FastCgiError('bad-version', `a record of FastCGI version ${version}, not 1`);
    }
    const type = this.#type;
    this.#content = this.#header.readUInt16BE(4);
    this.#padding = this.#header[6] ?? 0;
    this.#control = undefined;
    const known = type >= RECORD.begin && type <= RECORD.unknownType;
    if (!known) return;
    const management = type >= RECORD.getValues;
    if (management !== (this.#requestId === NULL_REQUEST)) {
      const text = `a record of type ${type} with request id ${this.#requestId}`;
      throw new FastCgiError('bad-request-id', text);
    }
    if (this.#stream !== undefined) return;
    const fixed = FIXED_LENGTH[type];
    if (fixed === undefined ? this.#content > VALUES_MAX : this.#content !== fixed) {
      throw new FastCgiError('bad-length', `a record of type ${type} with ${this.#content} bytes`);
    }
    this.#control = Buffer.alloc(this.#content);
  }

  /** The event of a record that is told as a whole, or of a stream's end. */
  *#wholeRecord(): Generator<FastCgiEvent, void> {
    const requestId = this.#requestId;
    const recordType = this.#type;
    const content = this.#control ?? Buffer.alloc(0);
    switch (recordType) {
      case RECORD.begin:
        yield {
          type: 'begin',
          requestId,
          role: content.readUInt16BE(0),
          keepConnection: ((content[2] ?? 0) & KEEP_CONN) !== 0,
        };
        return;
      case RECORD.abort:
        yield { type: 'abort', requestId };
        return;
      case RECORD.end:
        yield {
          type: 'end',
          requestId,
          appStatus: content.readUInt32BE(0),
          protocolStatus: content[4] ?? 0,
        };
        return;
      case RECORD.getValues:
        yield { type: 'get-values', names: [...readValues(content).keys()] };
        return;
      case RECORD.getValuesResult:
        yield { type: 'get-values-result', values: readValues(content) };
        return;
      case RECORD.unknownType:
        yield { type: 'unknown-type', recordType: content[0] ?? 0 };
        return;
      default: {
        const stream = this.#stream;
        yield stream === undefined
          ? { type: 'unknown', requestId, recordType }
          : { type: stream, requestId, data: content };
      }
    }
  }
}

function isStream(type: number): type is StreamRecord {
  return type in STREAMS;
}

function readValues(content: Uint8Array): ReadonlyMap<string, string> {
  const decoder = new NameValueDecoder();
  decoder.push(content);
  return decoder.finish();
}
