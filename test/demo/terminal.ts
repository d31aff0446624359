import { stripVTControlCharacters, styleText } from 'node:util';
import type { StepResult } from './run-step.ts';
import type { Step } from './steps.ts';

const KEY_WIDTH = 44;
/** More keys of one kind than this become one line. */
const LISTED = 4;

type Style = Parameters<typeof styleText>[0];

/** styleText itself leaves colours away without a terminal and under NO_COLOR. */
function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function sayTitle(): void {
  say();
  say(`  ${paint('bold', 'Freshet')}  ${paint('dim', 'a row changes in Postgres, its keys go in Redis')}`);
  say();
}

/** A line of the table at the top: what it is, where it comes from, where it is. */
export function sayPart(name: string, origin: string, place: string): void {
  say(`  ${name.padEnd(10)}${paint('dim', origin.padEnd(14))}${place}`);
}

/** Something that takes a moment; on a terminal it is overwritten by what comes next. */
export function sayProgress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K  ${paint('dim', `${text} …`)}\r`);
}

export function clearProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
}

export function sayStep(number: number, { title, sql }: Step): void {
  say();
  say(`  ${paint('bold', `${number}  ${title}`)}`);
  for (const statement of sql) say(`     ${paint('cyan', `${statement};`)}`);
}

export function sayResult({ gone, missed, lost, untouched }: StepResult): void {
  for (const [kind, times] of groupByKind(gone)) {
    if (times.size <= LISTED) for (const [key, ms] of times) sayGone(key, formatMs(ms));
    else sayGone(`${kind}  ${paint('dim', `${count(times.size)} keys`)}`, spanOf([...times.values()]));
  }
  for (const key of missed)
    say(`     ${paint('red', '✗')} ${key.padEnd(KEY_WIDTH)} ${paint('red', 'should have gone')}`);
  for (const key of lost)
    say(`     ${paint('red', '✗')} ${key.padEnd(KEY_WIDTH)} ${paint('red', 'should have stayed')}`);
  if (lost.length === 0) say(`     ${paint('dim', `= ${count(untouched)} other keys untouched`)}`);
}

export function sayGone(key: string, note: string): void {
  const padding = ' '.repeat(Math.max(1, KEY_WIDTH - stripVTControlCharacters(key).length));
  say(`     ${paint('green', '−')} ${key}${padding} ${note}`);
}

export function sayVerdict(isGood: boolean, text: string, detail: string): void {
  say();
  say(`  ${paint(['bold', isGood ? 'green' : 'red'], text)}  ${paint('dim', detail)}`);
  say();
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

export function formatMs(ms: number): string {
  return `${ms.toFixed(1).padStart(6)} ms`;
}

export function hint(label: string, command: string): void {
  say(`  ${paint('dim', label.padEnd(10))}${paint('cyan', command)}`);
}

function spanOf(times: readonly number[]): string {
  const [first, last] = [formatMs(Math.min(...times)), formatMs(Math.max(...times))];
  return first === last ? first : `${first} to ${last.trim()}`;
}

/** `shop:product:7` and `shop:product:8` are one kind, `shop:product:*`. */
function groupByKind(gone: ReadonlyMap<string, number>): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const kinds = new Map<string, Map<string, number>>();
  for (const [key, ms] of gone) {
    const kind = key.replace(/:\d+/g, ':*').replace(/(?<=login:).*/, '*');
    const group = kinds.get(kind) ?? new Map<string, number>();
    kinds.set(kind, group.set(key, ms));
  }
  return kinds;
}
