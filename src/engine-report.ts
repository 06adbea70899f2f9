/** What the engine says of itself in the region, so that httpd can tell it without asking. */

import { MuseError } from './errors.ts';
import type { Model } from './models/model.ts';
import type { Registry } from './models/registry.ts';
import type { ModelSource } from './models/source.ts';
import { targetsOf } from './models/target.ts';
import type { EndpointMemory, Experience } from './providers/endpoints.ts';
import type { EndpointReport, EndpointState, EngineReport } from './region-types.ts';
import type { Secrets } from './secrets.ts';
import type { Backend } from './settings.ts';

/** How many endpoints a report may have, and how many bytes an address. */
export const REPORT_LIMITS = { endpoints: 64, url: 255 } as const;

export interface ReportSources {
  readonly models: Pick<ModelSource, 'registry' | 'state'>;
  readonly backends: readonly Backend[];
  readonly endpoints: EndpointMemory;
  readonly secrets: Secrets;
}

/** An endpoint of a model; without experience it can't be asked at all. */
interface Known {
  readonly model: string;
  readonly url: string;
  readonly experience: Experience | undefined;
}

export class EngineReporter {
  readonly #sources: ReportSources;
  #known: readonly Known[] = [];
  #knownOf: Registry | undefined;
  #knownModels = 0;

  constructor(sources: ReportSources) {
    this.#sources = sources;
  }

  /** `now` is an uptime in milliseconds. */
  report(now: number, inFlight: number): EngineReport {
    const known = this.#endpoints();
    return {
      models: this.#sources.models.state,
      inFlight,
      endpoints: known.slice(0, REPORT_LIMITS.endpoints).map((each) => reportOf(each, now)),
      leftOut: Math.max(0, known.length - REPORT_LIMITS.endpoints),
    };
  }

  /** Listed anew only when there are other models: what is known of each endpoint stays. */
  #endpoints(): readonly Known[] {
    const { registry } = this.#sources.models;
    const models = [...registry.known];
    if (registry === this.#knownOf && models.length === this.#knownModels) return this.#known;
    this.#knownOf = registry;
    this.#knownModels = models.length;
    const all = models.flatMap((model) =>
      this.#sources.backends.flatMap((backend) => this.#endpointsOf(model, backend)),
    );
    const byName = new Map(all.map((each) => [JSON.stringify([each.model, each.url]), each]));
    this.#known = [...byName.values()];
    return this.#known;
  }

  #endpointsOf(model: Model, backend: Backend): Known[] {
    const { endpoints } = this.#sources;
    const { name } = model;
    if (model.provider === 'preview') {
      return [{ model: name, url: '', experience: endpoints.find(model, '', undefined) }];
    }
    try {
      return targetsOf(model, backend).map(({ url, apiKey }) => ({
        model: name,
        url: this.#shown(url),
        experience: endpoints.find(model, url, apiKey),
      }));
    } catch (error) {
      // The log tells why when a page needs it; here it is one that can't be asked.
      if (!(error instanceof MuseError)) throw error;
      return [{ model: name, url: this.#shown(model.endpoint ?? ''), experience: undefined }];
    }
  }

  /** A variable that stands for a part of an address may hold a secret. */
  #shown(url: string): string {
    return Buffer.from(this.#sources.secrets.redact(url))
      .subarray(0, REPORT_LIMITS.url)
      .toString()
      .replace(/\ufffd$/, '');
  }
}

function reportOf({ model, url, experience }: Known, now: number): EndpointReport {
  if (experience === undefined) return { model, url, state: 'unusable', active: 0, restMs: 0 };
  const restMs = Math.ceil(experience.circuit.restOf(now));
  return { model, url, state: stateOf(experience, restMs), active: experience.active, restMs };
}

/** When its rest is over, the next call may go to it again: it is only said to have failed. */
function stateOf({ last }: Experience, restMs: number): EndpointState {
  if (restMs > 0) return last === 'provider-busy' ? 'limited' : 'resting';
  if (last === undefined) return 'untried';
  return last === 'answered' ? 'up' : 'failing';
}
