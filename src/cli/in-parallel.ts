/** Many things to do, a few at a time. */

/**
 * Calls `action` for each item, at most `width` at a time, and stops to begin new ones when the
 * signal aborts. Resolves with the results in the order of the items; of those that were not begun
 * there is none.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  signal: AbortSignal,
  action: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [i, item] of queue) {
      if (signal.aborted) return;
      results[i] = await action(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return results.filter(() => true);
}
