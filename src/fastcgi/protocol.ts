/**
 * FastCGI 1.0 in numbers: record types, roles, statuses, and what a breach of it is called.
 * Names and values are those of the specification, section 8.
 */

export const VERSION = 1;
export const HEADER_LENGTH = 8;
/** The longest content of one record. */
export const CONTENT_MAX = 65_535;
/** Request id of management records, which belong to the connection. */
export const NULL_REQUEST = 0;

export const RECORD = {
  begin: 1,
  abort: 2,
  end: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknownType: 11,
} as const;

/** Records whose content is a piece of a stream; an empty one ends the stream. */
export const STREAMS = {
  [RECORD.params]: 'params',
  [RECORD.stdin]: 'stdin',
  [RECORD.stdout]: 'stdout',
  [RECORD.stderr]: 'stderr',
  [RECORD.data]: 'data',
} as const;

export type StreamRecord = keyof typeof STREAMS;
export type StreamName = (typeof STREAMS)[StreamRecord];

export const ROLE_RESPONDER = 1;
/** Flag of BEGIN_REQUEST: whoever answers leaves the connection open. */
export const KEEP_CONN = 1;

/** Status of END_REQUEST: how far the request came at all. */
export const PROTOCOL_STATUS = {
  requestComplete: 0,
  cantMultiplex: 1,
  overloaded: 2,
  unknownRole: 3,
} as const;

export type ProtocolStatus = (typeof PROTOCOL_STATUS)[keyof typeof PROTOCOL_STATUS];

export type FastCgiErrorCode =
  /** The first byte of a record is not 1: this is not FastCGI, or its framing is lost. */
  | 'bad-version'
  /** A management record with a request's id, or the reverse. */
  | 'bad-request-id'
  /** A record of fixed length with another. */
  | 'bad-length'
  /** A name-value pair that its stream ends in the middle of. */
  | 'cut-pair'
  /** Names and values that are more than the limit. */
  | 'too-much'
  /** A record that this side of a connection may not send, or not now. */
  | 'out-of-place';

/** The other side does not speak FastCGI as it should; the connection is of no more use. */
export class FastCgiError extends Error {
  override readonly name = 'FastCgiError';
  readonly code: FastCgiErrorCode;

  constructor(code: FastCgiErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
