import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Content, GoMod, Licence, Requirement, VersionFacts, VersionProvenance } from '../facts.ts';
import type { Kind } from '../index.ts';
import { kindsOf, licencesOf, synopsisOf } from '../summarize.ts';

/** How the facts of a version become columns. */

/** Column `summary`: what lists show. */
export interface Summary {
  time: string | undefined;
  synopsis: string;
  licences: string[];
  kinds: Kind[];
  requirements: Requirement[];
  go: string | undefined;
  size: number;
  zipSize: number;
  hash: string | undefined;
  origin: string | undefined;
}

/** Column `detail`. */
export interface Detail {
  provenance: VersionProvenance | undefined;
  goMod: Omit<GoMod, 'requirements' | 'go'>;
  licenceFiles: Licence[];
  packagesComplete: boolean;
  fileCount: number;
  /** Name of the README's file. */
  readme: { file: string; truncated: boolean } | undefined;
}

export function summaryOf({ module, content }: VersionFacts & { content: Content }): Summary {
  const { goMod, licences, packages, provenance } = content;
  return {
    time: content.time,
    synopsis: synopsisOf(module, packages),
    licences: licencesOf(licences),
    kinds: kindsOf(module, packages),
    requirements: goMod.requirements,
    go: goMod.go,
    size: content.size,
    zipSize: content.zipSize,
    hash: provenance?.hash,
    origin: provenance?.origin,
  };
}

export function detailOf(content: Content): Detail {
  const { requirements, go, ...goMod } = content.goMod;
  const { provenance, licences: licenceFiles, packagesComplete, fileCount, readme } = content;
  return {
    provenance,
    goMod,
    licenceFiles,
    packagesComplete,
    fileCount,
    readme: readme && { file: readme.file, truncated: readme.truncated },
  };
}

export const parse = <T>(json: unknown): T => JSON.parse(String(json)) as T;
export const textOrNull = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
export const optional = (value: unknown) => (value === null || value === undefined ? undefined : String(value));

/** Texts kept once each under their hash. */
export function createTexts(db: DatabaseSync) {
  const known = db.prepare('SELECT 1 FROM texts WHERE hash = ?');
  const insert = db.prepare('INSERT INTO texts (hash, body) VALUES (?, ?)');
  const select = db.prepare('SELECT body FROM texts WHERE hash = ?');
  return {
    /** Keeps it and says its hash. */
    keep(text: string): Uint8Array {
      const hash = createHash('sha256').update(text).digest().subarray(0, 16);
      if (known.get(hash) === undefined) insert.run(hash, deflateRawSync(text, { level: 3 }));
      return hash;
    },
    read(hash: unknown): string | undefined {
      if (!(hash instanceof Uint8Array)) return undefined;
      const row = select.get(hash);
      return row && inflateRawSync(row.body as Uint8Array).toString();
    },
  };
}

export type Texts = ReturnType<typeof createTexts>;
