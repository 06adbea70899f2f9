/** A models.json, or an entry of one, as a test writes it. */
export type ModelEntry = Readonly<Record<string, unknown>> & { readonly name: string };

/** models.json for models at a provider; a name alone stands for an entry with nothing else. */
export function modelsAt(
  provider: { readonly url: string },
  ...models: readonly (string | ModelEntry)[]
): { readonly models: readonly ModelEntry[] } {
  return {
    models: models.map((model) => ({
      endpoint: provider.url,
      ...(typeof model === 'string' ? { name: model } : model),
    })),
  };
}
