import { asFault, Fault } from '../errors.ts';
import { parseModFile } from '../gomod/modfile.ts';
import { isPseudoVersion, pseudoVersionTime } from '../gomod/pseudo.ts';
import { zipLimits } from '../gomod/zip.ts';
import { type Outcome, type Provenance, versionKey } from '../records/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
import { type Archive, type ArchiveEntry, openArchive } from './archive.ts';
import type { Content, GoMod, Licence, Readme, VersionFacts } from './facts.ts';
import { isLicenceFile, licencesIn } from './licences.ts';
import { readPackages } from './packages.ts';

const limits = {
  readme: 512 << 10,
  goModText: 256 << 10,
  licence: 256 << 10,
  licences: 20,
  files: 5000,
  info: 1 << 20,
};

/** What is published under a version, as its facts are made from it. */
export interface Published {
  info: Uint8Array;
  mod: Uint8Array;
  /** Or why it can't be read. */
  zip: Archive | Unreadable;
  /** Its entry in records; none of what no validator has published. */
  provenance: Provenance | undefined;
  /** When its .info was stored. */
  storedAt: Date;
}

export interface Unreadable {
  unreadable: string;
}

/** Undefined unless it is published. Throws when the store fails, which says nothing of the version. */
export async function readPublished(
  store: Storage,
  module: string,
  version: string,
): Promise<Omit<Published, 'provenance'> | undefined> {
  const key = versionKey(module, version);
  const stat = await store.stat(`${key}.info`);
  if (stat === undefined) return undefined;
  const [info, mod, zip] = await Promise.all([
    readObject(store, `${key}.info`, limits.info),
    readObject(store, `${key}.mod`, zipLimits.goMod),
    openArchive(store, `${key}.zip`, `${module}@${version}/`).catch(unreadable),
  ]);
  if (info === undefined || mod === undefined) {
    throw new Fault('internal', `${module}@${version} is published, but its .mod is missing from the store`);
  }
  return { info, mod, zip: zip ?? { unreadable: 'its zip is missing from the store' }, storedAt: stat.time };
}

/** Of what was thrown while a zip was read. What the store throws is of the store, and goes on. */
function unreadable(error: unknown): Unreadable {
  const { kind, message } = asFault(error);
  if (kind === 'unavailable' || kind === 'timed-out') throw error;
  return {
    unreadable: kind === 'internal' ? 'its zip can’t be read' : `its zip can’t be read: ${message.replace(/\.$/, '')}`,
  };
}

/** The facts of a published version: of what is given and nothing else, so always the same. */
export async function describe(module: string, version: string, published: Published): Promise<VersionFacts> {
  const { info, mod, zip, provenance, storedAt } = published;
  const inside =
    'unreadable' in zip ? nothing(zip) : await insideOf(module, zip).catch(error => nothing(unreadable(error)));
  const content: Content = {
    time: timeOf(info, version),
    provenance: provenance && {
      origin: provenance.origin,
      requestedAt: provenance.requestedAt,
      hash: provenance.hash,
      goModHash: provenance.goModHash,
      rules: provenance.rules,
      overruled: provenance.overruled,
      ...(provenance.checksumDatabase && { checksumDatabase: provenance.checksumDatabase }),
    },
    goMod: goModOf(module, mod),
    goModText: Buffer.from(mod.subarray(0, limits.goModText)).toString(),
    ...inside,
  };
  const at = provenance?.publishedAt ?? storedAt.toISOString();
  return { module, version, status: 'published', at, reasons: [], content };
}

type Inside = Omit<Content, 'time' | 'provenance' | 'goMod' | 'goModText'>;

async function insideOf(module: string, { entries, size }: Archive): Promise<Inside> {
  const { packages, complete } = await readPackages(module, entries);
  const files = entries.map(({ name, size, crc32 }) => ({ name, size, crc32 }));
  files.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return {
    licences: await licencesOf(entries),
    readme: await readmeOf(entries),
    packages,
    packagesComplete: complete,
    files: files.slice(0, limits.files),
    fileCount: files.length,
    zipSize: size,
    size: files.reduce((sum, { size }) => sum + size, 0),
  };
}

const nothing = ({ unreadable }: Unreadable): Inside => ({
  ...{ licences: [], readme: undefined, packages: [], packagesComplete: false, files: [], fileCount: 0 },
  ...{ zipSize: 0, size: 0, unreadable },
});

/** The facts of a version that is not published, from what the records say; undefined for what may yet come. */
export function describeOutcome(module: string, version: string, outcome: Outcome): VersionFacts | undefined {
  const { kind, message, reasons, at } = outcome;
  if (kind === 'refused' && reasons !== undefined) return { module, version, status: 'rejected', at, reasons };
  if (kind !== 'not-found' && kind !== 'gone') return undefined;
  return { module, version, status: 'missing', at, reasons: [{ rule: '', message }] };
}

function timeOf(info: Uint8Array, version: string): string | undefined {
  const { Time } = parseJson(info) as { Time?: unknown };
  const time = typeof Time === 'string' ? new Date(Time) : undefined;
  if (time !== undefined && !Number.isNaN(time.getTime())) return time.toISOString();
  try {
    return isPseudoVersion(version) ? pseudoVersionTime(version).toISOString() : undefined;
  } catch {
    return undefined; // a pseudo-version of an impossible date
  }
}

function parseJson(bytes: Uint8Array): object {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) ?? {};
  } catch {
    return {}; // the validator lets none such pass
  }
}

/** Lax, as Go reads the go.mod of what is required. One that does not parse (from before there was a validator) says nothing. */
function goModOf(module: string, mod: Uint8Array): GoMod {
  try {
    const file = parseModFile('go.mod', mod, { lax: true });
    return {
      go: file.go,
      toolchain: file.toolchain,
      deprecated: file.module?.deprecated ?? '',
      requirements: file.require
        .filter(({ path }) => path !== module)
        .map(({ path, version, indirect }) => ({ module: path, version, indirect })),
      retractions: file.retract.map(({ low, high, rationale }) => ({ low, high, rationale })),
    };
  } catch {
    return { go: undefined, toolchain: undefined, deprecated: '', requirements: [], retractions: [] };
  }
}

async function licencesOf(entries: readonly ArchiveEntry[]): Promise<Licence[]> {
  const files = entries.filter(({ name, size }) => isLicenceFile(name) && size <= limits.licence);
  const found: Licence[] = [];
  for (const file of files.slice(0, limits.licences))
    found.push(...licencesIn(file.name, (await file.read()).toString()));
  return found.sort((a, b) => b.confidence - a.confidence || (a.file < b.file ? -1 : 1));
}

/** Markdown is preferred, as it is what most have and what can be shown best. */
const readmeNames = [/^readme\.(?:md|markdown)$/i, /^readme\.(?:rst|adoc|asciidoc|org|txt)$/i, /^readme$/i];

async function readmeOf(entries: readonly ArchiveEntry[]): Promise<Readme | undefined> {
  for (const name of readmeNames) {
    const entry = entries.find(entry => name.test(entry.name));
    if (entry === undefined) continue;
    const bytes = entry.size > largestReadme ? Buffer.alloc(0) : await entry.read();
    const truncated = entry.size > limits.readme;
    const text = bytes.subarray(0, limits.readme).toString();
    // A character that was cut in two at the end.
    return { file: entry.name, text: truncated ? text.replace(/\ufffd+$/, '') : text, truncated };
  }
  return undefined;
}

/** Nobody reads one of which this much would have to be inflated to show the beginning. */
const largestReadme = 32 << 20;
