/** `host:port` of a Postgres URL, never user or password. */
export function serverAddress(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || 'localhost'}:${port || '5432'}`;
}
