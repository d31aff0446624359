import { ConfigError, type Problem } from '../domain/errors.ts';
import { suggestName } from '../suggest/nearest-name.ts';
import { describeValue } from './describe-value.ts';
import { readTextFile } from './read-text-file.ts';
import { readYaml, type YamlDocument } from './read-yaml.ts';
import { isSettingField, type SettingSection } from './setting-field.ts';
import { checkValue, type SettingLayer } from './setting-layer.ts';
import { SETTING_FIELDS, SETTINGS_SCHEMA } from './settings-schema.ts';

/** What the settings file says, every field of it checked. @throws ConfigError when it cannot be read as YAML */
export function readFileLayer(file: string): SettingLayer {
  const read = readTextFile(file);
  if (read.kind === 'unreadable')
    throw new ConfigError([{ where: file, message: `cannot be read: ${read.reason}` }]);
  const { documents, problems } = readYaml(read.text, file);
  const [document, second] = documents;
  if (second !== undefined) {
    const message = 'a second YAML document; settings are one';
    throw new ConfigError([...problems, { where: second.positions.ofKey([]), message }]);
  }
  if (document === undefined) {
    if (problems.length > 0) throw new ConfigError(problems);
    return { values: new Map(), origins: new Map(), problems };
  }
  const reader = new SectionReader(document);
  reader.read(SETTINGS_SCHEMA, document.value, []);
  return { values: reader.values, origins: reader.origins, problems: [...problems, ...reader.problems] };
}

/** Walks the document beside the schema, so that only known fields with usable values get through. */
class SectionReader {
  readonly values = new Map<string, unknown>();
  readonly origins = new Map<string, string>();
  readonly problems: Problem[] = [];
  readonly #document: YamlDocument;

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  read(section: SettingSection, value: unknown, path: readonly string[]): void {
    // A section whose fields are all commented out says nothing.
    if (value === undefined || value === null) return;
    if (typeof value !== 'object' || Array.isArray(value)) {
      const names = Object.keys(section).join(', ');
      const message = `expected a map with ${names}, got ${describeKind(value)}`;
      const subject = path.length === 0 ? '' : `${path.join('.')}: `;
      const where = this.#document.positions.ofValue(path);
      this.#report(where, subject + message);
      // Its fields were meant to be here: to call them missing as well would be noise.
      const prefix = path.map((name) => `${name}.`).join('');
      for (const field of SETTING_FIELDS.keys()) if (field.startsWith(prefix)) this.origins.set(field, where);
      return;
    }
    for (const [name, inner] of Object.entries(value)) this.#readEntry(section, inner, [...path, name]);
  }

  #readEntry(section: SettingSection, value: unknown, path: readonly string[]): void {
    const name = path.at(-1) ?? '';
    const node = Object.hasOwn(section, name) ? section[name] : undefined;
    if (node === undefined) {
      const remedy = suggestField(name, section);
      this.#report(this.#document.positions.ofKey(path), `${path.join('.')}: unknown field`, remedy);
      return;
    }
    if (!isSettingField(node)) {
      this.read(node, value, path);
      return;
    }
    const dotted = path.join('.');
    const where = this.#document.positions.ofValue(path);
    const problem = checkValue(node, value, where, dotted);
    this.origins.set(dotted, where);
    if (problem === undefined) this.values.set(dotted, value);
    else this.problems.push(problem);
    if (Array.isArray(value)) {
      for (const index of value.keys()) {
        this.origins.set(`${dotted}[${index}]`, this.#document.positions.ofValue([...path, index]));
      }
    }
  }

  #report(where: string, message: string, remedy?: string): void {
    this.problems.push(remedy === undefined ? { where, message } : { where, message, remedy });
  }
}

/** Text in the place of a section could be anything, a password too: only its kind is told. */
function describeKind(value: unknown): string {
  return typeof value === 'string' ? 'text' : describeValue(value);
}

/** A field that exists by this very name in another section may stand in the wrong place. */
function suggestField(name: string, section: SettingSection): string {
  const elsewhere = [...SETTING_FIELDS.keys()].filter((path) => path.endsWith(`.${name}`));
  if (elsewhere.length === 0) return suggestName(name, Object.keys(section));
  return `known here: ${Object.keys(section).join(', ')}; or did you mean ${elsewhere.join(' or ')}?`;
}
