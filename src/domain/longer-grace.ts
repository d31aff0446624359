interface WithGrace {
  readonly fillGraceMs?: number;
}

/** The one, to be done once more after the longer grace of both. */
export function withLongerGrace<E extends WithGrace>(one: E, { fillGraceMs = 0 }: WithGrace): E {
  return fillGraceMs > (one.fillGraceMs ?? 0) ? { ...one, fillGraceMs } : one;
}
