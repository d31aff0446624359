/** So much is in memory at once, on its way, and kept from other commands of the connection. */
const KEYS_A_ROUND_TRIP = 100;

/** Asks Redis about each item: so many at once, which share a round trip, then the next ones. */
export async function inRoundTrips<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let first = 0; first < items.length; first += KEYS_A_ROUND_TRIP) {
    const page = items.slice(first, first + KEYS_A_ROUND_TRIP);
    answers.push(...(await Promise.all(page.map(ask))));
  }
  return answers;
}
