import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Makes what is counted and measured, under Freshet's name and in one registry. */
export class Instruments {
  readonly #registers: [Registry];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name: `freshet_${name}`, help, labelNames, registers: this.#registers });
  }

  gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `freshet_${name}`, help, labelNames, registers: this.#registers });
  }

  histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `freshet_${name}`, help, buckets, registers: this.#registers });
  }
}
