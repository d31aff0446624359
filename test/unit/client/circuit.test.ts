import { expect, test } from 'vitest';
import { Circuit } from '../../../src/client/circuit.ts';

function openCircuit() {
  const changes: boolean[] = [];
  const clock = { ms: 0 };
  const circuit = new Circuit(
    { failures: 3, pauseMs: 1_000 },
    () => clock.ms,
    (isOpen) => changes.push(isOpen),
  );
  const fail = (times: number): void => {
    for (let time = 0; time < times; time++) circuit.failed();
  };
  return { circuit, changes, clock, fail };
}

test('failures in a row open it, with a success between them they do not', () => {
  const { circuit, changes, fail } = openCircuit();
  fail(2);
  circuit.succeeded();
  fail(2);
  expect(circuit.admits()).toBe(true);
  fail(1);
  expect(circuit.admits()).toBe(false);
  expect(changes).toEqual([true]);
});

test('after the pause it admits one call, whose success closes it', () => {
  const { circuit, changes, clock, fail } = openCircuit();
  fail(3);
  clock.ms = 999;
  expect(circuit.admits()).toBe(false);
  clock.ms = 1_000;
  expect([circuit.admits(), circuit.admits()]).toEqual([true, false]);
  circuit.succeeded();
  expect([circuit.admits(), circuit.admits()]).toEqual([true, true]);
  expect(changes).toEqual([true, false]);
});

test('a trial that fails is another pause', () => {
  const { circuit, changes, clock, fail } = openCircuit();
  fail(3);
  clock.ms = 1_000;
  expect(circuit.admits()).toBe(true);
  fail(1);
  expect(circuit.admits()).toBe(false);
  clock.ms = 2_000;
  expect(circuit.admits()).toBe(true);
  expect(changes).toEqual([true]);
});

test('a call of before the trouble that ends well does not close it', () => {
  const { circuit, fail } = openCircuit();
  fail(3);
  circuit.succeeded();
  expect(circuit.admits()).toBe(false);
});
