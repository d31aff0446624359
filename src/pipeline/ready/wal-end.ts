import { type Lsn, toLsn } from '../../domain/lsn.ts';

/** Of XLogLongPageHeaderData and XLogPageHeaderData, aligned: src/include/access/xlog_internal.h */
const SEGMENT_HEADER_BYTES = 40n;
const PAGE_HEADER_BYTES = 24n;

/** What the server tells of its WAL. */
export interface InsertPosition {
  /** `pg_current_wal_insert_lsn()`: where the next record will begin. */
  readonly inserted: Lsn;
  readonly pageBytes: number;
  readonly segmentBytes: number;
}

/**
 * Where the last record ends. Where that is the end of a page, as after every switch of the segment, the next record
 * begins behind the header of the next page, and no position of the stream gets there until there is such a record.
 */
export function walEnd({ inserted, pageBytes, segmentBytes }: InsertPosition): Lsn {
  const headerBytes =
    inserted % BigInt(segmentBytes) === SEGMENT_HEADER_BYTES ? SEGMENT_HEADER_BYTES : PAGE_HEADER_BYTES;
  const isBehindHeader = inserted % BigInt(pageBytes) === headerBytes;
  return isBehindHeader ? toLsn(inserted - headerBytes) : inserted;
}
