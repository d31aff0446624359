/**
 * How many times its cost before its end a value is refreshed already; drawn anew for each read, so that of many
 * readers some come early, the more the nearer the end is, and the rest never sees it end. Refreshed early if
 *
 *     now + cost * factor >= end,   factor = beta * -ln(random)
 *
 * which the script GET judges by the clock of Redis: with probability exp(-(end - now) / (cost * beta)). Vattani,
 * Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015 (XFetch).
 *
 * @param beta 1 is optimal in theory, more refreshes earlier, 0 never
 * @param random evenly distributed in [0, 1)
 */
export function earlyFactor(beta: number, random: () => number): number {
  // Of 0 there is no logarithm; 1 - random is in (0, 1].
  return beta === 0 ? 0 : beta * -Math.log(1 - random());
}
