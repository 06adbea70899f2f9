/** How the provider behaves at the moment: one of its faults, or well. */

import {
  comment,
  cut,
  fail,
  garbage,
  type RecordedRequest,
  raw,
  type Script,
  type ScriptedProvider,
  stall,
  stream,
  streamError,
  text,
} from '../provider/index.ts';
import { nameAsked, type PageName, piecesOf, write } from './content.ts';

export const storms = [
  'stalls before the answer',
  'stalls in the answer',
  'is cut off',
  'is reset',
  'ends without a finish',
  'sends an error in the answer',
  'sends garbage',
  'sends garbage in the answer',
  'sends comments alone',
  'says 429',
  'says 500',
] as const;
export type Storm = (typeof storms)[number];

export class Weather {
  storm: Storm | undefined;

  /** Lets a provider write what it is asked for, as the weather is. */
  install(provider: ScriptedProvider, model: string, writer: PageName['writer']): void {
    provider.script(model, (request) => this.#answer(request, writer));
  }

  #answer(request: RecordedRequest, writer: PageName['writer']): Script {
    const name = nameAsked(request, writer);
    if (name === undefined) return fail(400, { message: 'no page of ours' });
    if (writer === 'spare' || this.storm === undefined) return write(name);
    const begun = piecesOf(name).slice(0, 6).map(text);
    switch (this.storm) {
      case 'stalls before the answer':
        return stream([stall()]);
      case 'stalls in the answer':
        return stream([...begun, stall()]);
      case 'is cut off':
        return stream([...begun, cut('close')]);
      case 'is reset':
        return stream([...begun, cut('reset')]);
      case 'ends without a finish':
        return stream(begun, {}, false);
      case 'sends an error in the answer':
        return stream([...begun, streamError()]);
      case 'sends garbage':
        return garbage();
      case 'sends garbage in the answer':
        return stream([...begun, raw('data: {"choices":[{"delta":{"conte\n\n\u0000\u00ff\n\n')]);
      case 'sends comments alone':
        return stream([comment(), comment(), stall()]);
      case 'says 429':
        return fail(429, { retryAfter: 1 });
      case 'says 500':
        return fail(500);
    }
  }
}
