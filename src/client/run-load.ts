/** A loader has not ended within `loadTimeout`. */
export class LoadTimeoutError extends Error {
  override readonly name = 'LoadTimeoutError';
}

/**
 * Runs a load with an end: a loader that hangs would hold up everyone who wants its keys. Its signal is aborted then, and
 * what it still returns is nobody's.
 *
 * @throws LoadTimeoutError, and whatever the load throws
 */
export async function runLoad<T>(load: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
  const aborter = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new LoadTimeoutError(
      `the loader has not ended within ${timeoutMs} ms: look why, or raise loadTimeout`,
    );
    late.reject(error);
    aborter.abort(error);
  }, timeoutMs);
  try {
    return await Promise.race([load(aborter.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
