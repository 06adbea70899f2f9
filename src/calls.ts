/** Who is told of the calls to providers: what counts them, and what traces them. */

import type { Model } from './models/model.ts';
import type { CompletionRequest, Finish, Usage } from './providers/provider.ts';

/** A call that begins. */
export interface CallStart {
  /** The model that is asked. */
  readonly model: Model;
  readonly request: CompletionRequest;
  /** The URL's path of the page that it is for. */
  readonly path: string;
  /** The visitor's trace (W3C Trace Context), as sent. */
  readonly traceparent: string | undefined;
}

/** What an answer took, and whose it was. */
export interface Used {
  readonly writer: Model;
  readonly usage: Usage | undefined;
}

/** Told once how a call ended; quick, and never throws. */
export interface ObservedCall {
  /** Before that, as often as it comes to pass: an answer took this and came to nothing. */
  wasted(used: Used): void;
  /** `writer`: the model that wrote the answer. */
  ended(writer: Model, finish: Finish): void;
  /** `used`: what its answer took all the same, where it came to its end and is none. */
  failed(error: unknown, used?: Used): void;
  /** Nobody waited for it any more. */
  aborted(): void;
}

export interface CallObserver {
  started(call: CallStart): ObservedCall;
}

/** Tells all of them. */
export function tellAll(observers: readonly CallObserver[]): CallObserver {
  const [only] = observers;
  if (only !== undefined && observers.length === 1) return only;
  return {
    started(call) {
      const told = observers.map((each) => each.started(call));
      return {
        wasted(used) {
          for (const each of told) each.wasted(used);
        },
        ended(writer, finish) {
          for (const each of told) each.ended(writer, finish);
        },
        failed(error, used) {
          for (const each of told) each.failed(error, used);
        },
        aborted() {
          for (const each of told) each.aborted();
        },
      };
    },
  };
}
