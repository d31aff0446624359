/** The slot as Postgres sees it. */
export interface SlotState {
  readonly walStatus: 'reserved' | 'extended' | 'unreserved' | 'lost';
  /** WAL that cannot be removed because of the slot. */
  readonly retainedBytes: number;
  /** WAL written and not confirmed. */
  readonly lagBytes: number;
}
