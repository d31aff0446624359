/** `FRESHET_TEST_SEED=42` repeats the plan of a run that failed; the timing is the machine's. */
export function testSeed(): number {
  const given = process.env['FRESHET_TEST_SEED'];
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
}
