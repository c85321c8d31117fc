import { Fault } from '../errors.ts';
import type { SearchQuery } from './index.ts';
import { kindFacet, licenceFacet, ranked, sinceFacets } from './rank.ts';

/** A module that a search may show. */
export interface Candidate {
  id: number;
  path: string;
  synopsis: string;
  deprecated: string;
  tier: number;
  time: string | null;
  used_by: number;
}

export interface Filter {
  /** A module must have one facet of each. */
  facets: string[][];
}

export const everything: Filter = { facets: [['all']] };

export function filterOf({ licence, kind, updatedSince }: SearchQuery): Filter {
  const facets: string[][] = [];
  if (licence !== undefined) facets.push([licenceFacet(licence)]);
  if (kind !== undefined) facets.push([kindFacet(kind)]);
  if (updatedSince !== undefined) {
    if (Number.isNaN(Date.parse(updatedSince)) || !/^\d{4}-\d\d-\d\dT/.test(updatedSince)) {
      throw new Fault('invalid', 'updatedSince must be a time as in RFC 3339: 2026-01-31T00:00:00Z');
    }
    facets.push(sinceFacets(updatedSince));
  }
  return facets.length === 0 ? everything : { facets };
}

export const inOrder = (modules: readonly Candidate[], text: string, asked: readonly string[]) =>
  ranked(modules, text, asked).map(({ module, score }) => ({ ...module, score }));

/** The candidates that pass the last filter, in the order asked for. */
export function arrange(
  modules: readonly Candidate[],
  { updatedSince, order }: SearchQuery,
  text: string,
  asked: readonly string[],
) {
  const late = updatedSince === undefined ? modules : modules.filter(({ time }) => isSince(time, updatedSince));
  const hits = inOrder(late, text, asked);
  if (order === 'newest') hits.sort((a, b) => compare(b.time ?? '', a.time ?? '') || compare(a.path, b.path));
  return hits;
}

const isSince = (time: string | null, since: string) => time !== null && Date.parse(time) >= Date.parse(since);
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
