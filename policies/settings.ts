import type { PolicyConfigSchema } from '@pulumi/policy';
import type { PolicyConfigJSONSchema } from '@pulumi/policy/schema.js';

/**
 * Settings of policies: each a JSON Schema with a default, from which the type of its value follows. A stage overrides
 * them with `pulumi up --policy-pack policies --policy-pack-config <file>`.
 */
export type Setting<T> = PolicyConfigJSONSchema & { default: T };
export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Values<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

// `Setting<T>` intersects `default` with JSON's own types, from which T could not be inferred back.
const setting = <T>(schema: PolicyConfigJSONSchema): Setting<T> => schema as Setting<T>;

export const text = (value: string, description: string): Setting<string> =>
  setting({ type: 'string', default: value, description });

export const integer = (value: number, description: string): Setting<number> =>
  setting({ type: 'integer', minimum: 0, default: value, description });

export const list = (value: readonly string[], description: string): Setting<readonly string[]> =>
  setting({ type: 'array', items: { type: 'string' }, default: [...value], description });

export const schemaOf = (settings: Settings): PolicyConfigSchema => ({ properties: { ...settings } });

/** What is configured over the defaults; the engine fills those in as well, but not for every way of running a pack. */
export function valuesOf<S extends Settings>(settings: S, args: { getConfig<T extends object>(): T }): Values<S> {
  const defaults = Object.entries(settings).map(([name, schema]) => [name, schema.default]);
  return { ...Object.fromEntries(defaults), ...args.getConfig<Partial<Values<S>>>() };
}
