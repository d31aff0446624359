import type { ProvidedServer } from './provided-server.ts';

export interface ContainerOptions {
  readonly image: string;
  readonly port: number;
  readonly command: string[];
  readonly environment?: Record<string, string>;
  readonly url: (host: string, port: number) => string;
}

/**
 * Starts a server through testcontainers.
 * @returns undefined where no Docker engine answers, or, with a line on stderr, where the image cannot be had
 */
export async function startContainer(options: ContainerOptions): Promise<ProvidedServer | undefined> {
  // Heavy to load, and of no use to most; so only here.
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
  const hasEngine = await getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
  if (!hasEngine) return undefined;
  const { image, port, command, environment = {}, url } = options;
  try {
    const container = await new GenericContainer(image)
      .withExposedPorts(port)
      .withEnvironment(environment)
      .withCommand(command)
      .start();
    return {
      url: url(container.getHost(), container.getMappedPort(port)),
      origin: 'docker',
      [Symbol.asyncDispose]: async () => {
        await container.stop();
      },
    };
  } catch (error) {
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n');
    process.stderr.write(
      `Docker answers, but ${image} cannot be started (${reason.trim()}): using a local server\n`,
    );
    return undefined;
  }
}
