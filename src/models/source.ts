/** The registry of models in force, replaced whole when models.json changes. */

import type { Clock } from '../clock.ts';
import { messageOf, systemCode } from '../errors.ts';
import type { EventName } from '../events.ts';
import { LocatedError } from '../located.ts';
import type { Log } from '../log.ts';
import type { ModelsState } from '../region-types.ts';
import type { Secrets } from '../secrets.ts';
import type { Settings } from '../settings.ts';
import type { Model } from './model.ts';
import { readModelsFile } from './read.ts';
import { type ModelWishes, type PublishedModel, Registry } from './registry.ts';

/** What of the region the models need. */
export interface ModelTable {
  publishModels(models: readonly PublishedModel[], defaultIndex: number): void;
}

export interface ModelSourceOptions {
  readonly settings: Pick<Settings, 'modelsFile' | 'modelsWhere' | 'backends' | 'environment'>;
  readonly table: ModelTable;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly log: Log;
  /** Text of a file; node:fs's by default. */
  readonly read?: (path: string) => Promise<string>;
}

const MINUTE = 60_000;
/** Names come from visitors' headers: more than these are not told apart. */
const UNKNOWN_NAMES_MAX = 200;

export class ModelSource {
  readonly #options: ModelSourceOptions;
  #registry = Registry.empty();
  #text: string | undefined;
  /** The file's last failure as it was logged: the same one is said once. */
  #said: string | undefined;
  #failure: EventName | undefined;
  readonly #unknown = new Map<string, number>();

  constructor(options: ModelSourceOptions) {
    this.#options = options;
  }

  get registry(): Registry {
    return this.#registry;
  }

  /** What is to be said of models.json. */
  get state(): ModelsState {
    if (this.#options.settings.modelsFile === undefined) return 'implicit';
    if (this.#failure === undefined) return this.#text === undefined ? 'unknown' : 'loaded';
    return this.#failure === 'models-invalid' ? 'invalid' : 'absent';
  }

  /**
   * Reads models.json and, if it is valid, puts it in force and into httpd's table. An invalid or
   * missing file changes nothing and is logged.
   */
  async load(): Promise<void> {
    const { modelsFile, environment } = this.#options.settings;
    if (modelsFile === undefined) {
      this.#publish();
      return;
    }
    try {
      const text = await (this.#options.read ?? readModelsFile)(modelsFile);
      if (text === this.#text && this.#said === undefined) return;
      this.#replace(Registry.parse(text, environment), modelsFile);
      this.#text = text;
      this.#said = undefined;
      this.#failure = undefined;
    } catch (error) {
      this.#sayOnce(modelsFile, error);
      if (this.#text === undefined) this.#publish();
    }
  }

  /** The model for one request; a name that is unknown is logged once in a minute. */
  choose(wishes: ModelWishes, log: Log): Model {
    const { model, unknown } = this.#registry.choose(wishes);
    if (unknown !== undefined) this.#sayUnknown(unknown, model, log);
    return model;
  }

  #replace(registry: Registry, file: string): void {
    const { log, secrets } = this.#options;
    secrets.renewOfModels([...registry.models.values()].flatMap((model) => model.secrets));
    this.#registry = registry;
    this.#publish();
    const names = [...registry.models.keys()];
    const count = names.length === 1 ? '1 model' : `${names.length} models`;
    log.write(
      'models-loaded',
      `${file}: ${count} (${names.join(', ')}); the default is ${registry.defaultName ?? 'none'}`,
    );
    for (const { unavailable } of registry.models.values()) {
      if (unavailable !== undefined) log.write('model-without-variable', unavailable);
    }
  }

  #publish(): void {
    const models = this.#registry.published(this.#options.settings.backends);
    const index = models.findIndex(({ name }) => name === this.#registry.defaultName);
    this.#options.table.publishModels(models, Math.max(0, index));
  }

  #sayOnce(file: string, error: unknown): void {
    const { modelsWhere } = this.#options.settings;
    const where = modelsWhere === undefined ? '' : ` (MuseAiModels at ${modelsWhere})`;
    const kept =
      this.#text === undefined ? 'there are no models yet' : 'the models stay as they were';
    const [event, text] = this.#describe(file, where, kept, error);
    this.#failure = event;
    if (text === this.#said) return;
    this.#said = text;
    this.#options.log.write(event, text);
  }

  #describe(file: string, where: string, kept: string, error: unknown): [EventName, string] {
    if (error instanceof LocatedError) {
      return ['models-invalid', `${error.in(file)}; ${kept}${where}`];
    }
    if (systemCode(error) !== 'ENOENT') {
      const denied = systemCode(error) === 'EACCES' && where !== '';
      const remedy = denied ? '; let httpd’s User read it, and enter the folders above it' : '';
      return ['models-invalid', `${file}: ${messageOf(error)}${remedy}; ${kept}${where}`];
    }
    if (this.#text !== undefined) return ['models-removed', `${file} was removed; ${kept}${where}`];
    const advice =
      'write it, with {"models": [{"name": …, "endpoint": …}]}, and it is read at once';
    return ['models-absent', `${file} does not exist; ${advice}${where}`];
  }

  #sayUnknown(name: string, model: Model, log: Log): void {
    const now = this.#options.clock.now();
    const last = this.#unknown.get(name);
    if (last !== undefined && now - last < MINUTE) return;
    if (this.#unknown.size >= UNKNOWN_NAMES_MAX) this.#unknown.clear();
    this.#unknown.set(name, now);
    log.write(
      'model-unknown',
      `there is no model "${name}"; the default "${model.name}" is used. ` +
        `There are: ${[...this.#registry.models.keys()].join(', ')}`,
    );
  }
}
