import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Content, GoMod, Licence, Requirement, VersionFacts, VersionProvenance } from './facts.ts';
import type { Kind } from './index.ts';
import { kindsOf, licencesOf, synopsisOf } from './summarize.ts';

/** How the facts of a version become columns: the same in both adapters. */

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
  unreadable?: string | undefined;
  /** Name of the README's file. */
  readme: { file: string; truncated: boolean } | undefined;
}

export function summaryOf({ module, content }: VersionFacts & { content: Content }): Summary {
  const { goMod, licences, packages, provenance } = content;
  return {
    time: content.time,
    synopsis: synopsisOf(module, packages, content.readme?.text),
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
  const { provenance, licences: licenceFiles, packagesComplete, fileCount, readme, unreadable } = content;
  return {
    provenance,
    goMod,
    licenceFiles,
    packagesComplete,
    fileCount,
    unreadable,
    readme: readme && { file: readme.file, truncated: readme.truncated },
  };
}

export const parse = <T>(json: unknown): T => JSON.parse(String(json)) as T;
export const textOrNull = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
export const optional = (value: unknown) => (value === null || value === undefined ? undefined : String(value));

/** Texts are kept once each under their hash, compressed. */
export const textHash = (text: string): Uint8Array => createHash('sha256').update(text).digest().subarray(0, 16);
export const deflate = (text: string): Uint8Array => deflateRawSync(text, { level: 3 });
export const inflate = (body: unknown): string => inflateRawSync(body as Uint8Array).toString();
