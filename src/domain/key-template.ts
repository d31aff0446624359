export const FILTER_NAMES = ['lower', 'upper', 'trim', 'urlencode', 'sha256', 'md5'] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

/** A piece of a template: text as it stands, or a column's text form sent through filters from left to right. */
export type TemplatePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'column'; readonly column: string; readonly filters: readonly FilterName[] };

/** A parsed key template; `product:${id}` has a literal and a column. Braces alone stay free for Redis Cluster hash tags. */
export interface KeyTemplate {
  /** As the user wrote it. */
  readonly source: string;
  readonly parts: readonly TemplatePart[];
  /** The columns that the template reads, each once. */
  readonly columns: readonly string[];
}
