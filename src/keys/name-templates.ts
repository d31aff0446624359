import type { KeyTemplate } from '../domain/key-template.ts';

/**
 * The names of a rule's keys in generated code, in the order of the templates; '' is the rule's own name.
 *
 *     rule product    product:${id}                     keys.product
 *                     product:${id}:reviews             keys.product.reviews
 *                     category:${category_id}:products  keys.product.categoryProducts
 *     rule user       user:${id}, user:${email|lower}   keys.user.byId, keys.user.byEmail
 *
 * A rule's only key has its name. Of several each is named by the words of its own text, without the rule's; by its
 * columns where that is not enough. So a key that is added, or another order, never gives a name another meaning
 * unnoticed: what was `keys.product` stays it, or is gone.
 */
export function nameTemplates(rule: string, templates: readonly KeyTemplate[]): readonly string[] {
  if (templates.length === 1) return [''];
  const steps: readonly ((template: KeyTemplate) => readonly string[])[] = [
    (template) => ownWords(rule, template),
    ({ columns }) => (columns.length === 0 ? [] : ['by', ...columns.flatMap(wordsOf)]),
    ({ parts }) => parts.flatMap((part) => (part.kind === 'column' ? part.filters : [])),
  ];
  let names: readonly (readonly string[])[] = templates.map(() => []);
  for (const [index, step] of steps.entries()) {
    const known = names;
    const isDouble = (words: readonly string[]): boolean =>
      index === 0 || known.filter((other) => camelCase(other) === camelCase(words)).length > 1;
    names = templates.map((template, position) => {
      const words = known[position] ?? [];
      return isDouble(words) ? [...words, ...step(template)] : words;
    });
  }
  const numbered = names.map(camelCase);
  return numbered.map((name, position) => {
    const before = numbered.slice(0, position).filter((other) => other === name).length;
    return beside(before === 0 ? name : `${name}${before + 1}`);
  });
}

/** `product-list` as `productList` */
export function camelCase(words: readonly string[]): string {
  return words
    .map((word, index) => {
      const [first = '', ...rest] = word;
      return (index === 0 ? first.toLowerCase() : first.toUpperCase()) + rest.join('');
    })
    .join('');
}

export function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The words of the template's text; where those of the rule's name are among them, what follows them. */
function ownWords(rule: string, { parts }: KeyTemplate): readonly string[] {
  const words = parts.flatMap((part) => (part.kind === 'literal' ? wordsOf(part.text) : []));
  const known = wordsOf(rule);
  const at = words.findIndex((_, start) =>
    known.every((word, index) => words[start + index]?.toLowerCase() === word),
  );
  return at === -1 ? words : words.slice(at + known.length);
}

/** What a function has already cannot be given to it. */
const TAKEN = new Set(['name', 'length', 'prototype', 'arguments', 'caller']);

function beside(name: string): string {
  return TAKEN.has(name) ? `${name}Key` : name;
}
