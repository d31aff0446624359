import { CONTENDERS } from './contenders.ts';
import { HotRowSource } from './hot-row.ts';
import type { ReaderAnswer, ReaderCommand, ReaderOptions } from './reader-messages.ts';
import { Readers } from './readers.ts';

/** One process of an application with many readers; `ReaderFleet` forks it and tells it what to do. */
const options = JSON.parse(process.argv[2] ?? '') as ReaderOptions;
const contender = CONTENDERS.find(({ name }) => name === options.contender);
if (contender === undefined) throw new Error(`no contender ${options.contender}`);

const source = new HotRowSource(options.postgresUrl);
const cache = contender.open(options.redisUrl);
const readers = new Readers(cache, () => source.load(), options);

process.on('disconnect', () => process.exit(1));
process.on('message', (command: ReaderCommand) => {
  obey(command).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function obey(command: ReaderCommand): Promise<ReaderAnswer> {
  switch (command) {
    case 'read':
      await readers.start();
      return { kind: 'done' };
    case 'record':
      readers.record();
      return { kind: 'done' };
    case 'settle':
      readers.settle();
      return { kind: 'done' };
    case 'finish':
      return { kind: 'figures', ...(await readers.finish()) };
  }
}
