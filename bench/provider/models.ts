/**
 * A models.json whose models (by name; the first is the default) the scripted provider answers as
 * the given names of its own say.
 */
export function modelsFile(providerUrl: string, writes: Readonly<Record<string, string>>): object {
  const models = Object.entries(writes).map(([name, model]) => ({
    name,
    endpoint: providerUrl,
    api_key: 'none',
    model,
  }));
  return { default_model: models[0]?.name, models };
}
