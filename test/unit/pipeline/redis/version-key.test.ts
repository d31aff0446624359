import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { versionKey } from '../../../../src/pipeline/redis/version-key.ts';

test.each([
  ['product:7', 'freshet:version:{product:7}'],
  ['{user:7}:profile', 'freshet:version:of:{user:7}:profile'],
  ['shop:{eu}:{a}', 'freshet:version:of:shop:{eu}:{a}'],
  // No hash tag: an empty one, one that is never closed.
  ['a:{b', 'freshet:version:{a:{b}'],
])('the version of %s is %s', (key, expected) => {
  expect(versionKey(key)).toBe(expected);
});

test('a key and its version are in one slot of a Cluster', () => {
  const text = fc.stringMatching(/^[ab:{]{1,8}$/);
  const tagged = fc
    .tuple(text, fc.stringMatching(/^[ab:]{1,3}$/), text)
    .map(([a, b, c]) => `${a.replaceAll('{', '')}{${b}}${c}`);
  fc.assert(
    fc.property(fc.oneof(text, tagged), (key) => {
      expect(hashedPart(versionKey(key))).toBe(hashedPart(key));
    }),
  );
});

test('two keys never share a version', () => {
  const near = fc.stringMatching(/^[a{}]{1,5}$/);
  fc.assert(
    fc.property(near, near, (one, other) => {
      if (one !== other) expect(versionKey(one)).not.toBe(versionKey(other));
    }),
    { numRuns: 5_000 },
  );
});

/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags */
function hashedPart(key: string): string {
  return /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;
}
