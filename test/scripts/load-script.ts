/**
 * Imports one of the plain JavaScript files of `scripts/`, which have no types of their own because
 * they run before TypeScript is installed. The caller says what it holds.
 */
export async function loadScript<T>(name: string): Promise<T> {
  const module: unknown = await import(new URL(`../../scripts/lib/${name}`, import.meta.url).href);
  return module as T;
}
