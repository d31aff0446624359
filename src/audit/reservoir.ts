/** A sample of what passes by, everything with the same chance, however much there is (Vitter's algorithm R). */
export class Reservoir<T> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: T[] = [];
  #seen = 0;

  /** @param size Infinity keeps everything */
  constructor(size: number, random: () => number = Math.random) {
    this.#size = size;
    this.#random = random;
  }

  get seen(): number {
    return this.#seen;
  }

  get kept(): readonly T[] {
    return this.#kept;
  }

  offer(item: T): void {
    this.#seen++;
    if (this.#kept.length < this.#size) {
      this.#kept.push(item);
      return;
    }
    const place = Math.floor(this.#random() * this.#seen);
    if (place < this.#size) this.#kept[place] = item;
  }
}
