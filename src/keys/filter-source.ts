import type { FilterName } from '../domain/key-template.ts';

/** A filter as an expression of generated code; a test holds each to the daemon's own in src/template. */
export const FILTER_SOURCES: Readonly<Record<FilterName, (expression: string) => string>> = {
  lower: (expression) => `${expression}.toLowerCase()`,
  upper: (expression) => `${expression}.toUpperCase()`,
  trim: (expression) => `${expression}.trim()`,
  urlencode: (expression) => `encodeURIComponent(${expression})`,
  sha256: (expression) => `hash('sha256', ${expression})`,
  md5: (expression) => `hash('md5', ${expression})`,
};
