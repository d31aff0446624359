/** Under way at once: enough to fill a connection, few enough to bound what waits in the driver. */
const AT_ONCE = 500;

/** The results in the order of the items. @throws the first fault, once it is reached */
export async function inGroups<T, R>(
  items: Iterable<T>,
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  let group: Promise<R>[] = [];
  for (const item of items) {
    group.push(task(item));
    if (group.length < AT_ONCE) continue;
    results.push(...(await Promise.all(group)));
    group = [];
  }
  results.push(...(await Promise.all(group)));
  return results;
}
