/** What a reader and the daemon do, and what a control does instead. */
export interface Protocol {
  /** When a value that was loaded is stored. */
  readonly fills: 'under a lease' | 'always' | 'unless the tombstone is newer';
  /** Redis makes a new token with each grant, or the reader chose it. */
  readonly tokens: 'of Redis' | 'of the reader';
  readonly snapshot: 'after the lease' | 'before the lease';
  /**
   * How the daemon makes sure that the invalidation that counts comes after the commit is visible: it asks first, it
   * does not, or it invalidates first, asks then, and if all is visible by then thinks that it is done.
   */
  readonly gate: 'probe, then invalidate' | 'none' | 'invalidate, then probe';
  readonly ack: 'after the invalidation' | 'first';
  readonly invalidation: 'delete' | 'stale';
}

/** What happens once in a while, at any time. */
export const ACCIDENTS = [
  'the daemon crashes and starts again',
  'the key is evicted',
  'the lease ends',
  'a get is delivered twice',
] as const;

export type Accident = (typeof ACCIDENTS)[number];

export const LEASES_BEHIND_THE_GATE: Omit<Protocol, 'invalidation'> = {
  fills: 'under a lease',
  tokens: 'of Redis',
  snapshot: 'after the lease',
  gate: 'probe, then invalidate',
  ack: 'after the invalidation',
};

export interface Control {
  readonly fault: Partial<Protocol>;
  /** Without which the fault does no harm. */
  readonly accident?: Accident;
}

/** Each but the first is wrong in one point. */
export const CONTROLS: Readonly<Record<string, Control>> = {
  'plain cache-aside': { fault: { fills: 'always', gate: 'none' } },
  'the gate alone': { fault: { fills: 'always' } },
  'leases alone': { fault: { gate: 'none' } },
  'fences by LSN': { fault: { fills: 'unless the tombstone is newer' } },
  'a daemon that acknowledges first': {
    fault: { ack: 'first' },
    accident: 'the daemon crashes and starts again',
  },
  'a daemon that invalidates, probes, and stops there': { fault: { gate: 'invalidate, then probe' } },
  'a snapshot older than the lease': { fault: { snapshot: 'before the lease' } },
  'a token that the reader chose': {
    fault: { tokens: 'of the reader' },
    accident: 'a get is delivered twice',
  },
};
