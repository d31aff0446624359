import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import { waitFor } from '../wait-for.ts';
import type { CallScript } from './call-script.ts';
import type { KeyState, Reply, ReplyPart, Term, VectorCase, VectorStep } from './vector.ts';

/** Redis reads its clock more than once in a script, and rounds a TTL. */
const CLOCK_MS = 2;

/** Runs one case on a real Redis that is empty. Texts are compared as their bytes, written as latin1. */
export class VectorRunner {
  readonly #redis: Redis;
  readonly #callScript: CallScript;
  readonly #leases = new Map<string, string>();
  /** When the case began, by the clock of Redis. */
  #startedAt = 0;

  constructor(redis: Redis, callScript: CallScript) {
    this.#redis = redis;
    this.#callScript = callScript;
  }

  /** @throws AssertionError for the first difference */
  async run({ steps }: VectorCase): Promise<void> {
    this.#startedAt = await this.#now();
    for (const [index, step] of steps.entries()) {
      const place = `step ${index + 1}: ${JSON.stringify(step)}`;
      await this.#take(step, place);
      for (const [key, state] of Object.entries(step.after ?? {})) {
        await this.#expectState(key, state, `${place}: ${key} after it`);
      }
    }
  }

  async #take(step: VectorStep, place: string): Promise<void> {
    if ('redis' in step) {
      const [command = Buffer.of(), ...args] = await this.#encodeAll(step.redis);
      await this.#redis.callBuffer(command.toString(), ...args);
    } else if ('waitUntilGone' in step) {
      const key = step.waitUntilGone;
      await waitFor(async () => (await this.#redis.exists(key)) === 0, { what: `${place} to end` });
    } else {
      const args = await this.#encodeAll(step.args);
      const reply = await this.#callScript(step.call, step.key, args).catch((error: unknown) => {
        if (isErrorExpected(step.reply)) return undefined;
        throw new Error(place, { cause: error });
      });
      this.#expectReply(reply, step.reply, place);
    }
  }

  #expectReply(reply: unknown, expected: Reply, place: string): void {
    if (isErrorExpected(expected)) {
      assert.equal(reply, undefined, `${place}: no error`);
    } else if (isList(expected)) {
      assert.ok(
        Array.isArray(reply) && reply.length === expected.length,
        `${place}: a list of ${expected.length}`,
      );
      for (const [index, part] of expected.entries()) this.#expectPart(reply[index], part, place);
    } else {
      this.#expectPart(reply, expected, place);
    }
  }

  #expectPart(given: unknown, expected: ReplyPart, place: string): void {
    const part = Buffer.isBuffer(given) ? given.toString('latin1') : given;
    if (expected === null || typeof expected === 'number') {
      assert.equal(part, expected, place);
    } else if (typeof expected === 'object' && 'atLeast' in expected) {
      assert.ok(typeof part === 'number' && part >= expected.atLeast, place);
    } else if (typeof expected === 'object' && 'lease' in expected) {
      assert.ok(typeof part === 'string', `${place}: no token`);
      assert.ok(![...this.#leases.values()].includes(part), `${place}: a token that is not new`);
      this.#leases.set(expected.lease, part);
    } else {
      assert.equal(part, this.#constant(expected), place);
    }
  }

  async #expectState(key: string, expected: KeyState | null, place: string): Promise<void> {
    const type = await this.#redis.type(key);
    if (expected === null) return assert.equal(type, 'none', place);
    if ('type' in expected) return assert.equal(type, expected.type, place);
    if ('text' in expected) return assert.equal(await this.#redis.get(key), expected.text, place);
    const terms = new Map(Object.entries('fields' in expected ? expected.fields : expected.members));
    const texts = await ('fields' in expected ? this.#fields(key) : this.#members(key));
    const ttl = await this.#redis.pttl(key);
    const takenMs = (await this.#now()) - this.#startedAt;
    assert.deepEqual([...texts.keys()].toSorted(), [...terms.keys()].toSorted(), place);
    for (const [name, term] of terms) {
      this.#expectTerm(texts.get(name) ?? '', term, takenMs, `${place}: ${name}`);
    }
    if (expected.ttl === null) assert.equal(ttl, -1, `${place}: its TTL`);
    else expectNear(ttl, expected.ttl - takenMs, expected.ttl, `${place}: its TTL`);
  }

  async #fields(key: string): Promise<ReadonlyMap<string, string>> {
    const fields = Object.entries(await this.#redis.hgetallBuffer(key));
    return new Map(fields.map(([name, value]) => [name, value.toString('latin1')]));
  }

  async #members(key: string): Promise<ReadonlyMap<string, string>> {
    const names = await this.#redis.zrange(key, '-inf', '+inf', 'BYSCORE');
    return new Map(
      await Promise.all(
        names.map(async (name) => [name, (await this.#redis.zscore(key, name)) ?? ''] as const),
      ),
    );
  }

  #expectTerm(text: string, term: Term, takenMs: number, place: string): void {
    if (typeof term !== 'object' || !('now' in term)) return assert.equal(text, this.#constant(term), place);
    assert.match(text, /^\d+$/, place);
    const at = this.#startedAt + term.now;
    expectNear(Number(text), at, at + takenMs, place);
  }

  async #encodeAll(terms: readonly Term[]): Promise<readonly Buffer[]> {
    const now = await this.#now();
    return terms.map((term) => {
      const isInstant = typeof term === 'object' && 'now' in term;
      return Buffer.from(isInstant ? String(now + term.now) : this.#constant(term), 'latin1');
    });
  }

  #constant(term: Term): string {
    if (typeof term === 'string') return Buffer.from(term).toString('latin1');
    if ('hex' in term) return Buffer.from(term.hex, 'hex').toString('latin1');
    if ('lease' in term)
      return this.#leases.get(term.lease) ?? assert.fail(`no lease ${term.lease} was granted`);
    return assert.fail('an instant is not constant');
  }

  async #now(): Promise<number> {
    const [seconds, microseconds] = await this.#redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  }
}

function expectNear(given: number, least: number, most: number, place: string): void {
  const isNear = given >= least - CLOCK_MS && given <= most + CLOCK_MS;
  assert.ok(isNear, `${place}: ${given} is not between ${least} and ${most}`);
}

function isErrorExpected(reply: Reply): reply is { readonly error: true } {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}

function isList(reply: Reply): reply is readonly ReplyPart[] {
  return Array.isArray(reply);
}
