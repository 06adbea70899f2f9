/** Deltas into one message, as OpenAI's own clients do it. */

type Fields = Record<string, unknown>;

/** What is said once, and again in full where it is repeated. */
const NAMES: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name', 'index', 'format']);

/**
 * Adds `delta` to `target`: texts grow, lists take what is new (or go on with the element of the
 * same `index`), objects are merged, and everything else is replaced.
 */
export function merge(target: Fields, delta: Readonly<Fields>): void {
  for (const [name, value] of Object.entries(delta)) {
    // As the name of a field it would be the object's nature.
    if (name === '__proto__') continue;
    const before = target[name];
    if (value === null && before !== undefined) continue;
    if (typeof value === 'string' && typeof before === 'string' && !NAMES.has(name)) {
      target[name] = before + value;
    } else if (Array.isArray(value)) {
      const list: unknown[] = Array.isArray(before) ? before : [];
      mergeList(list, value);
      target[name] = list;
    } else if (isObject(value)) {
      const object: Fields = isObject(before) ? before : {};
      merge(object, value);
      target[name] = object;
    } else target[name] = value;
  }
}

function mergeList(list: unknown[], delta: readonly unknown[]): void {
  for (const each of delta) {
    if (!isObject(each)) {
      list.push(each);
      continue;
    }
    const { index } = each;
    const known =
      index === undefined ? undefined : list.find((one): one is Fields => isAt(one, index));
    const element: Fields = known ?? {};
    if (known === undefined) list.push(element);
    merge(element, each);
  }
}

function isAt(value: unknown, index: unknown): value is Fields {
  return isObject(value) && value.index === index;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
