import type { TObject } from 'typebox';

/** A query's texts as the schema's numbers and flags. What is none stays text, for the validator to complain of. */
export function fromQuery(schema: TObject, query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => {
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
