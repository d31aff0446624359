/** The script by its digest, and as a text where the server does not know it: the first time, and after a restart. */
export async function evalBySha(
  bySha: () => Promise<unknown>,
  byText: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await bySha();
  } catch (error) {
    // Redis has no other sign of it: NOSCRIPT is the error's code, at the beginning of its text.
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return byText();
    throw error;
  }
}
