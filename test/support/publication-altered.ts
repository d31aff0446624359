import { toLsn } from '../../src/domain/lsn.ts';
import { DDL_MESSAGE_VERSION } from '../../src/migrations/ddl-capture-sql.ts';
import { DDL_PREFIX } from '../../src/migrations/message-prefixes.ts';
import type { StreamMessage } from '../../src/migrations/migration-listener.ts';

const EVENT = {
  v: DDL_MESSAGE_VERSION,
  tag: 'ALTER PUBLICATION',
  tables: [],
  schemas: [],
  publications: ['freshet'],
};

/** What an event trigger says of some publication: worth a look at the catalog at once, and no purge. */
export const PUBLICATION_ALTERED: StreamMessage = {
  lsn: toLsn(1n),
  prefix: DDL_PREFIX,
  content: Buffer.from(JSON.stringify(EVENT)),
};
