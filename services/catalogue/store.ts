import { unescapePath, unescapeVersion } from '../gomod/escape.ts';
import { readOutcome, readProvenance } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import { describe, describeOutcome, readPublished } from './describe.ts';
import type { VersionFacts } from './facts.ts';
import type { ModuleVersion } from './index.ts';

export interface Stores {
  published: Storage;
  records: Storage;
}

/**
 * What the stores say of a version now, whatever message or listing led here: so the order and the repeats of those
 * don't matter. Undefined when they say nothing: it is unknown, or on its way.
 */
export async function factsOf({ published, records }: Stores, { module, version }: ModuleVersion) {
  const [files, provenance] = await Promise.all([
    readPublished(published, module, version),
    readProvenance(records, module, version),
  ]);
  if (files !== undefined) return describe(module, version, { ...files, provenance });
  // Whether an outcome holds is a question of time, which facts are not of: the epoch is before every end.
  const outcome = await readOutcome(records, module, version, new Date(0));
  return outcome && describeOutcome(module, version, outcome);
}

export type FactsOf = (target: ModuleVersion) => Promise<VersionFacts | undefined>;

/** Every version of which the stores may say something, in an order of their own; some twice. */
export async function* versionsInStore({ published, records }: Stores): AsyncGenerator<ModuleVersion> {
  for await (const { key } of published.list('')) {
    const version = parse(key, '', '.info');
    if (version !== undefined) yield version;
  }
  for await (const { key } of records.list('modules/')) {
    const version = parse(key, 'modules/', '/outcome.json');
    if (version !== undefined) yield version;
  }
}

/** `<prefix><escaped module>/@v/<escaped version><suffix>`; undefined for anything else that lies there. */
function parse(key: string, prefix: string, suffix: string): ModuleVersion | undefined {
  if (!key.endsWith(suffix)) return undefined;
  const [module, version, ...more] = key.slice(prefix.length, -suffix.length).split('/@v/');
  if (module === undefined || version === undefined || more.length > 0 || version.includes('/')) return undefined;
  try {
    return { module: unescapePath(module), version: unescapeVersion(version) };
  } catch {
    return undefined;
  }
}
