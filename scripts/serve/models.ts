/** The demo's models: what this machine offers without anybody having to write a models.json. */

export interface Model {
  readonly name: string;
  readonly provider?: 'preview';
  readonly endpoint?: string;
  readonly api_key?: string;
  readonly model?: string;
  readonly temperature?: number;
  readonly max_tokens?: number;
}

export interface Models {
  readonly default_model: string;
  readonly models: readonly Model[];
}

/** What was found, in words, for the person at the terminal. */
export interface Discovery {
  readonly models: Models;
  readonly notes: readonly string[];
  /** Variables that the engine has to be given with PassEnv. */
  readonly passEnv: readonly string[];
}

const ollama = 'http://127.0.0.1:11434';

const previews: readonly Model[] = [
  { name: 'preview', provider: 'preview' },
  { name: 'preview-terse', provider: 'preview', temperature: 0.2, max_tokens: 400 },
];

/** Looks for OpenAI's key in the environment and for Ollama on this machine. */
export async function discoverModels(
  env: NodeJS.ProcessEnv,
  fetchJson: (url: string) => Promise<unknown> = getJson,
): Promise<Discovery> {
  const models: Model[] = [...previews];
  const notes = ['preview: no AI and no network; shows the prompt that a model would get'];
  const passEnv: string[] = [];
  if (env.OPENAI_API_KEY) {
    const model = env.OPENAI_MODEL || 'gpt-4o-mini';
    const endpoint = env.OPENAI_BASE_URL || 'https://api.openai.com/v1';
    models.push({ name: 'openai', endpoint, api_key: '${' + 'OPENAI_API_KEY}', model });
    notes.push(`openai: ${model} with the key in OPENAI_API_KEY (OPENAI_MODEL names another)`);
    passEnv.push('OPENAI_API_KEY');
  }
  const local = namesOf(await fetchJson(`${ollama}/api/tags`));
  for (const name of local) models.push({ name, endpoint: `${ollama}/v1`, model: name });
  if (local.length > 0) notes.push(`from Ollama on this machine: ${local.join(', ')}`);
  const wanted = env.MUSE_DEMO_MODEL ?? 'preview';
  const known = models.some(({ name }) => name === wanted);
  if (!known) notes.push(`MUSE_DEMO_MODEL names "${wanted}", which is not there; using preview`);
  return { models: { default_model: known ? wanted : 'preview', models }, notes, passEnv };
}

/** The models in a models.json as the person may have changed it; none if it is not valid now. */
export function readModels(text: string): Models {
  const value = parse(text);
  const models = listOf(value, 'models').flatMap((model) => {
    const name = fieldOf(model, 'name');
    return typeof name === 'string' ? [{ name }] : [];
  });
  const named = fieldOf(value, 'default_model');
  return {
    default_model: typeof named === 'string' ? named : (models[0]?.name ?? ''),
    models,
  };
}

/** Ollama's answer: `{"models": [{"name": "llama3.2:latest"}]}`. */
function namesOf(answer: unknown): string[] {
  return listOf(answer, 'models')
    .map((model) => fieldOf(model, 'name'))
    .filter((name): name is string => typeof name === 'string');
}

function listOf(value: unknown, name: string): unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Undefined when nobody answers in good time, which is the usual case and no error. */
async function getJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(500) });
    return response.ok ? await response.json() : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}
