/** `FRESHET_TEST_LONG=1 npm test` gives faults the time and the repetitions that a release deserves. */
export const IS_LONG = process.env['FRESHET_TEST_LONG'] === '1';
