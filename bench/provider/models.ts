/** A models.json whose one model the scripted provider answers as `writes` says. */
export function modelsFile(providerUrl: string, writes: string): object {
  const model = { name: 'bench', endpoint: providerUrl, api_key: 'none', model: writes };
  return { default_model: model.name, models: [model] };
}
