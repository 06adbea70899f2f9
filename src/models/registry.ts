/** All models at one moment: built whole from models.json, then never changed. */

import type { Environment } from '../environment.ts';
import { MuseError } from '../errors.ts';
import { parseLocated } from '../located.ts';
import type { Backend } from '../settings.ts';
import { linkFallbacks } from './fallbacks.ts';
import { buildModel, digestOf, type Model } from './model.ts';
import { type ModelFields, modelSchema, modelsFileSchema } from './schema.ts';

/** What httpd gets to know of a model. */
export interface PublishedModel {
  readonly name: string;
  readonly digest: Buffer;
  readonly ttl?: number;
}

/** Which names a request brings, the strongest first. */
export interface ModelWishes {
  /** From the environment or a header. */
  readonly chosen: string | undefined;
  /** From the page's front matter. */
  readonly page: string | undefined;
  /** MuseAiModel. */
  readonly directory: string | undefined;
}

/** The model to use, and a name that was asked for in vain. */
export interface ModelChoice {
  readonly model: Model;
  readonly unknown: string | undefined;
}

export class Registry {
  readonly models: ReadonlyMap<string, Model>;
  readonly #default: Model | undefined;
  /** Without models.json: models named by MuseAiModel alone. As many as the directives name. */
  readonly #implicit = new Map<string, Model>();

  private constructor(models: readonly Model[], defaultName: string | undefined) {
    this.models = new Map(models.map((model) => [model.name, model]));
    this.#default = defaultName === undefined ? models[0] : this.models.get(defaultName);
  }

  /** No models.json: only what MuseAiModel and MuseAiEndpoint say. */
  static empty(): Registry {
    return new Registry([], undefined);
  }

  /**
   * The registry that models.json describes.
   *
   * @throws {LocatedError} when `text` is no JSON, or not what the schema asks for.
   */
  static parse(text: string, environment: Environment): Registry {
    const file = parseLocated(text.replace(/^\ufeff/, ''), modelsFileSchema, { format: 'json' });
    return new Registry(
      linkFallbacks<ModelFields, Model>(file.models, (fields, fallback) =>
        buildModel(fields, environment, fallback),
      ),
      file.default_model,
    );
  }

  /** All models that pages have come from or may come from. */
  get known(): Iterable<Model> {
    return this.#default === undefined ? this.#implicit.values() : this.models.values();
  }

  get defaultName(): string | undefined {
    return this.#default?.name;
  }

  /**
   * The model for one request. An unknown name falls back to the default.
   *
   * @throws {MuseError} `model-not-configured` when there is none at all.
   */
  choose(wishes: ModelWishes): ModelChoice {
    if (this.#default === undefined) return this.#implied(wishes);
    const wished = wishes.chosen ?? wishes.page ?? wishes.directory;
    const found = wished === undefined ? this.#default : this.models.get(wished);
    return { model: found ?? this.#default, unknown: found === undefined ? wished : undefined };
  }

  /** The model table for httpd. `backends` shape the answers of models without an endpoint. */
  published(backends: readonly Backend[]): PublishedModel[] {
    const endpoints = backends.map(({ server, endpoint = null, endpoints: several = [] }) => [
      server,
      several.length > 0 ? several : endpoint,
    ]);
    return [...this.models.values()].map((model) => ({
      name: model.name,
      digest: digestOf({
        ...model.shape,
        endpoints: model.shape.endpoint === null ? endpoints : null,
      }),
      ...(model.ttl === undefined ? {} : { ttl: model.ttl }),
    }));
  }

  /**
   * Without models.json the site's own files name the model. What a header or the environment
   * chooses can't be checked against a list then, and a visitor must not choose at will.
   */
  #implied(wishes: ModelWishes): ModelChoice {
    const name = wishes.page ?? wishes.directory;
    if (name === undefined) {
      throw new MuseError(
        'model-not-configured',
        'there is no model: name a models.json with MuseAiModels, or a model with MuseAiModel ' +
          'and its endpoint with MuseAiEndpoint',
      );
    }
    const model = this.#implicit.get(name) ?? buildModel(fieldsFor(name), {});
    this.#implicit.set(name, model);
    const unknown = wishes.chosen === name ? undefined : wishes.chosen;
    return { model, unknown };
  }
}

function fieldsFor(name: string): ModelFields {
  const { data, error } = modelSchema.safeParse({ name });
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new MuseError(
    'model-not-configured',
    `the model "${name.slice(0, 40)}…": ${issue?.message}`,
  );
}
