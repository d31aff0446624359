const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/** Whether two texts are the same number, to the last digit: 1.50 is 1.5 and 1e2 is 100, but 2^53 + 1 is not 2^53. */
export function sameNumber(one: string, other: string): boolean {
  const number = normalForm(one);
  return number !== undefined && number === normalForm(other);
}

/** `-12.50` is `-125e-1`; undefined for what is no number. */
function normalForm(text: string): string | undefined {
  const [, sign = '', whole, fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = whole + fraction;
  const end = Array.from(digits).findLastIndex((digit) => digit !== '0') + 1;
  if (end === 0) return '0';
  const power = Number(exponent) - fraction.length + digits.length - end;
  return `${sign}${digits.slice(0, end).replace(/^0+/, '')}e${power}`;
}
