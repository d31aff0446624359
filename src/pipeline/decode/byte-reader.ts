import { PgoutputError } from './pgoutput-error.ts';

/**
 * Reads one message from front to back. Integers are big-endian. Reading past the end yields zeros at first and
 * an error by `finish` at the latest, so that the hot path checks the length once a message and not once a field.
 */
export class ByteReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  reset(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  uint8(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  uint16(): number {
    return (this.uint8() << 8) | this.uint8();
  }

  int32(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at = at + 4;
    return (
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)
    );
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
  }

  /** A text that ends with a zero byte. */
  cstring(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new PgoutputError('a name has no end');
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  text(length: number): string {
    const start = this.#at;
    this.skip(length);
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** A copy: the driver uses the memory again. */
  bytes(length: number): Buffer {
    const start = this.#at;
    this.skip(length);
    return Buffer.from(this.#bytes.subarray(start, this.#at));
  }

  skip(length: number): void {
    if (length < 0 || this.#at + length > this.#bytes.length) {
      throw new PgoutputError(`a value of ${length} bytes does not fit in the message`);
    }
    this.#at += length;
  }

  /** @throws PgoutputError unless exactly the whole message was read */
  finish(): void {
    const surplus = this.#bytes.length - this.#at;
    if (surplus < 0) throw new PgoutputError(`the message ends ${-surplus} bytes too early`);
    if (surplus > 0) throw new PgoutputError(`the message has ${surplus} bytes too many`);
  }
}
