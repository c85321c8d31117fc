import { compare } from '../gomod/semver.ts';
import type { Affected, Vulnerability } from './index.ts';
import { compareTotally } from './newest.ts';

type Event = Affected['events'][number];

/**
 * Whether a version lies in a range of OSV events: from an `introduced` on, up to the next `fixed`, exclusive. Versions
 * there have no `v`; `0` is before all. The database gives them in order, but that is not relied on: at equal
 * versions the fix comes last, so that it wins.
 */
export function isAffected(version: string, events: readonly Event[]): boolean {
  let affected = false;
  for (const { at, introduced } of inOrder(events)) {
    if (at !== '0' && compare(version, `v${at}`) < 0) break;
    affected = introduced;
  }
  return affected;
}

/** The lowest fix above all of the versions. */
export function fixFor(versions: readonly string[], events: readonly Event[]): string | undefined {
  const fixes = inOrder(events).filter(({ introduced }) => !introduced);
  const fix = fixes.find(({ at }) => versions.every(version => compare(version, `v${at}`) < 0));
  return fix && `v${fix.at}`;
}

function inOrder(events: readonly Event[]) {
  const all = events.flatMap(({ introduced, fixed }) => [
    ...(introduced === undefined ? [] : [{ at: introduced, introduced: true }]),
    ...(fixed === undefined ? [] : [{ at: fixed, introduced: false }]),
  ]);
  const order = (at: string) => (at === '0' ? '' : `v${at}`); // an invalid version comes before all
  return all.sort((a, b) => compare(order(a.at), order(b.at)) || Number(b.introduced) - Number(a.introduced));
}

/** The events of each module, withdrawn entries affecting none. */
export function eventsByModule({ affected, withdrawn }: Vulnerability): Map<string, Event[]> {
  const found = new Map<string, Event[]>();
  if (withdrawn !== undefined) return found;
  for (const { module, events } of affected) found.set(module, [...(found.get(module) ?? []), ...events]);
  return found;
}

/** How many affected versions are told of. */
export const mostTold = 100;

export interface Here {
  module: string;
  /** Newest first, the first 100. */
  versions: string[];
  fixed: string | undefined;
}

/** Which of the published versions of a module are affected; undefined when none is. */
export function affectedHere(module: string, published: readonly string[], events: readonly Event[]): Here | undefined {
  const versions = published.filter(version => isAffected(version, events)).sort((a, b) => compareTotally(b, a));
  if (versions.length === 0) return undefined;
  return { module, versions: versions.slice(0, mostTold), fixed: fixFor(versions, events) };
}
