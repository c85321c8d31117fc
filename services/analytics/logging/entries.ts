import { type Column, moduleKinds, tables } from '../row.ts';

/** An entry as Cloud Logging takes it (google.logging.v2.LogEntry); its payload is a google.protobuf.Struct. */
export interface Entry {
  timestamp: { seconds: number; nanos: number };
  severity: 'INFO';
  insertId: string;
  jsonPayload: { fields: Record<string, Value> };
}

type Value = { stringValue: string } | { numberValue: number } | { boolValue: boolean };

/** The fields of a line that become its payload, under the names that they have there: the time is the entry's. */
const fields = Object.entries<Column>(tables.downloads)
  .filter(([name]) => name !== 'timestamp')
  .map(([name, { type, logged = name }]) => ({ name: logged, type }));

/**
 * What a line of the proxy's request log is as an entry, with the fields of row.ts and no others, since the sink makes a
 * column of each. Undefined for a line that is torn, foreign or about no module.
 */
export function readEntry(line: string, insertId: string): Entry | undefined {
  const logged = parse(line);
  if (logged === undefined) return undefined;
  const time = typeof logged.time === 'string' ? Date.parse(logged.time) : Number.NaN;
  const isRow = logged.module !== '' && (moduleKinds as readonly unknown[]).includes(logged.kind);
  if (Number.isNaN(time) || !isRow) return undefined;
  const payload: Record<string, Value> = {};
  for (const { name, type } of fields) {
    const value = logged[name];
    if (value === undefined || value === null) continue;
    const converted = convert(value, type);
    if (converted === undefined) return undefined;
    payload[name] = converted;
  }
  if (payload.module === undefined) return undefined;
  const seconds = Math.floor(time / 1000);
  return {
    timestamp: { seconds, nanos: (time - seconds * 1000) * 1_000_000 },
    severity: 'INFO',
    insertId,
    jsonPayload: { fields: payload },
  };
}

function convert(value: unknown, type: Column['type']): Value | undefined {
  if (type === 'string') return typeof value === 'string' ? { stringValue: value } : undefined;
  if (type === 'boolean') return typeof value === 'boolean' ? { boolValue: value } : undefined;
  return typeof value === 'number' ? { numberValue: value } : undefined;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
