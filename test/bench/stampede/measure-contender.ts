import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { SqlClient } from '../../support/sql-client.ts';
import { dropSlot } from '../drop-slot.ts';
import type { Contender } from './contender.ts';
import { countEnds, endsByDaemon } from './count-ends.ts';
import { type Figures, summarize } from './figures.ts';
import { PeakConnections } from './peak-connections.ts';
import { ReaderFleet } from './reader-fleet.ts';
import { writeOften } from './write-often.ts';

/** What all contenders have to do. */
export interface Course {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly processes: number;
  readonly readersPerProcess: number;
  readonly meanPauseMs: number;
  readonly invalidationsPerSecond: number;
  readonly seconds: number;
}

/** The beginning, when every process does everything for the first time, is in nobody's figures. */
const WARM_UP_MS = 1_500;
/** For the last load, and for whatever is still on its way to some process. */
const SETTLE_MS = 2_000;

const SLOT = 'stampede';

export async function measureContender(contender: Contender, course: Course): Promise<Figures> {
  const { action } = contender;
  await emptyRedis(course.redisUrl);
  if (action === undefined) return run(contender, course);
  const daemon = await startDaemon(action, course);
  try {
    return await run(contender, course);
  } finally {
    await daemon[Symbol.asyncDispose]();
    await using sql = await SqlClient.open(course.postgresUrl);
    await dropSlot(sql, SLOT);
  }
}

async function run(contender: Contender, course: Course): Promise<Figures> {
  const { postgresUrl, redisUrl, processes, seconds } = course;
  await using sql = await SqlClient.open(postgresUrl);
  await using watcher = await SqlClient.open(postgresUrl);
  const redis = new Redis(redisUrl);
  const writer = contender.open(redisUrl);
  try {
    await using fleet = new ReaderFleet(processes, { ...course, contender: contender.name });
    await fleet.tell('read');
    await sleep(WARM_UP_MS);
    await fleet.tell('record');
    const endsBefore = await countEnds(redis);
    const connections = new PeakConnections(watcher);
    const commits = await writeOften(sql, writer, course.invalidationsPerSecond, seconds);
    await fleet.tell('settle');
    await sleep(SETTLE_MS);
    const peakConnections = await connections.stop();
    const ends = (await countEnds(redis)) - endsBefore;
    const figures = await fleet.finish();
    const invalidations = contender.action === undefined ? commits.size : endsByDaemon(ends, figures);
    return { ...summarize(figures, commits), invalidations, peakConnections, seconds };
  } finally {
    await writer.close();
    redis.disconnect();
  }
}

/** Each stores the key in a form of its own. */
async function emptyRedis(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}

function startDaemon(action: object, { postgresUrl, redisUrl }: Course): Promise<DaemonProcess> {
  return DaemonProcess.start({
    postgresUrl,
    redisUrl,
    slot: SLOT,
    publication: SLOT,
    rules: JSON.stringify({
      apiVersion: 'freshet.dev/v1',
      kind: 'CacheRule',
      metadata: { name: 'hot' },
      spec: { table: 'public.hot', keys: ['hot:${id}'], ...action },
    }),
  });
}
