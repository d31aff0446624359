/** src/lease/vectors.json, whose form src/lease/README.md describes. */
export interface Vectors {
  readonly format: 1;
  readonly cases: readonly VectorCase[];
}

export interface VectorCase {
  readonly name: string;
  readonly steps: readonly VectorStep[];
}

export type VectorStep = (
  | {
      readonly call: 'get' | 'set' | 'release' | 'stale' | 'tag' | 'heartbeat';
      readonly key: string;
      readonly args: readonly Term[];
      readonly reply: Reply;
    }
  | { readonly redis: readonly Term[] }
  | { readonly waitUntilGone: string }
) & { readonly after?: Readonly<Record<string, KeyState | null>> };

/** A text, bytes, an instant so many ms from now, or the token that a reply granted under this name. */
export type Term = string | { readonly hex: string } | { readonly now: number } | { readonly lease: string };

export type Reply = ReplyPart | readonly ReplyPart[] | { readonly error: true };

export type ReplyPart = Term | number | null | { readonly atLeast: number };

/** Ttl: in ms, null where there is none. */
export type KeyState =
  | { readonly fields: Readonly<Record<string, Term>>; readonly ttl: number | null }
  | { readonly members: Readonly<Record<string, Term>>; readonly ttl: number | null }
  | { readonly text: string }
  | { readonly type: string };
