const BAR_WIDTH = 30;
const REDRAW_MS = 100;
/** https://en.wikipedia.org/wiki/ANSI_escape_code#CSI_codes: erase the line. */
const CLEAR = '\r\u001b[2K';

/** A bar on one line of a terminal, gone when it is disposed of; nothing at all elsewhere. */
export class ProgressLine implements Disposable {
  readonly #output: NodeJS.WriteStream;
  #drawnMs = 0;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  /** @param share 0 to 1 */
  show(what: string, share: number): void {
    if (!this.#output.isTTY || performance.now() - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = performance.now();
    const done = Math.round(BAR_WIDTH * Math.min(1, share));
    this.#output.write(`${CLEAR}${'█'.repeat(done)}${'░'.repeat(BAR_WIDTH - done)} ${what}`);
  }

  [Symbol.dispose](): void {
    if (this.#drawnMs > 0) this.#output.write(CLEAR);
  }
}
