/** The FastCGI 1.0 codec, both directions, for servers and clients alike. */

export { type FastCgiEvent, RecordDecoder } from './decoder.ts';
export {
  encodeAbort,
  encodeBegin,
  encodeEnd,
  encodeGetValues,
  encodeGetValuesResult,
  encodeStream,
  encodeStreamEnd,
  encodeUnknownType,
} from './encoder.ts';
export { encodeNameValues, NameValueDecoder, PAIR_LIMITS, type PairLimits } from './name-values.ts';
export {
  FastCgiError,
  type FastCgiErrorCode,
  PROTOCOL_STATUS,
  RECORD,
  ROLE_RESPONDER,
} from './protocol.ts';
