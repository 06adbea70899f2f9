/**
 * From what is to be said to records: FastCGI 1.0 as either side of a connection writes it.
 *
 * An encoder gives a list of buffers to write in their order: the content itself is not copied.
 */

import { encodeNameValues } from './name-values.ts';
import {
  CONTENT_MAX,
  HEADER_LENGTH,
  KEEP_CONN,
  NULL_REQUEST,
  type ProtocolStatus,
  RECORD,
  type StreamRecord,
  VERSION,
} from './protocol.ts';

/** Asks for an answer to the request that PARAMS and STDIN with this id will describe. */
export function encodeBegin(requestId: number, role: number, keepConnection: boolean): Buffer {
  const content = Buffer.alloc(8);
  content.writeUInt16BE(role, 0);
  content[2] = keepConnection ? KEEP_CONN : 0;
  return record(RECORD.begin, requestId, content);
}

/** Nobody wants the answer any more. */
export function encodeAbort(requestId: number): Buffer {
  return header(RECORD.abort, requestId, 0);
}

/** The answer has ended. */
export function encodeEnd(requestId: number, appStatus: number, status: ProtocolStatus): Buffer {
  const content = Buffer.alloc(8);
  content.writeUInt32BE(appStatus, 0);
  content[4] = status;
  return record(RECORD.end, requestId, content);
}

/**
 * A piece of a stream, as one record or, above 65,535 bytes, several. No bytes give no record: one
 * without content would end the stream.
 */
export function encodeStream(
  type: StreamRecord,
  requestId: number,
  content: Uint8Array,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += CONTENT_MAX) {
    const piece = content.subarray(at, at + CONTENT_MAX);
    parts.push(header(type, requestId, piece.length), piece);
  }
  return parts;
}

/** The end of a stream. */
export function encodeStreamEnd(type: StreamRecord, requestId: number): Buffer {
  return header(type, requestId, 0);
}

/** Asks what the other side can do. */
export function encodeGetValues(names: readonly string[]): Buffer {
  const pairs = names.map((name): [string, string] => [name, '']);
  return record(RECORD.getValues, NULL_REQUEST, encodeNameValues(pairs));
}

/** Says it. */
export function encodeGetValuesResult(values: Iterable<readonly [string, string]>): Buffer {
  return record(RECORD.getValuesResult, NULL_REQUEST, encodeNameValues(values));
}

/** Answers a management record of a type that is not known here. */
export function encodeUnknownType(type: number): Buffer {
  const content = Buffer.alloc(8);
  content[0] = type;
  return record(RECORD.unknownType, NULL_REQUEST, content);
}

function record(type: number, requestId: number, content: Uint8Array): Buffer {
  return Buffer.concat([header(type, requestId, content.length), content]);
}

function header(type: number, requestId: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes[0] = VERSION;
  bytes[1] = type;
  bytes.writeUInt16BE(requestId, 2);
  bytes.writeUInt16BE(length, 4);
  return bytes;
}
