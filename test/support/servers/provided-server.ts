/** A running server, whoever started it; disposing it ends it only where this process did. */
export interface ProvidedServer extends AsyncDisposable {
  readonly url: string;
  readonly origin: 'environment' | 'docker' | 'local';
}

export function environmentServer(url: string): ProvidedServer {
  return { url, origin: 'environment', [Symbol.asyncDispose]: async () => {} };
}
