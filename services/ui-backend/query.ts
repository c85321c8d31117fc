import type { TObject } from 'typebox';

/**
 * A query's texts as the schema's numbers and flags. What is none stays text, for the validator to complain of. An empty
 * one is not given, as forms send what was not filled in, where the schema can do without.
 */
export function fromQuery(schema: TObject, query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const required: readonly string[] = schema.required ?? [];
  const given = Object.entries(query).filter(
    ([name, value]) => value !== '' || required.includes(name) || !(name in schema.properties),
  );
  return Object.fromEntries(
    given.map(([name, value]) => {
      const type = (schema.properties[name] as { type?: string } | undefined)?.type;
      return [name, typeof value === 'string' ? read(type, value) : value];
    }),
  );
}

function read(type: string | undefined, text: string): unknown {
  if (type === 'integer' && /^-?\d{1,9}$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
