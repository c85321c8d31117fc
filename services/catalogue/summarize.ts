import { splitPathVersion } from '../gomod/path.ts';
import type { Licence, Package } from './facts.ts';
import type { Kind } from './index.ts';
import { withoutNotice } from './markup.ts';
import { readmeSynopsis } from './readme-synopsis.ts';

/** What lists say of a version, made from its content. */

/** Below this a licence file is like several texts, or like none. */
const leastConfidence = 0.8;

/** SPDX identifiers, the surest first. */
export function licencesOf(licences: readonly Licence[]): string[] {
  const sure = licences.filter(({ id, confidence }) => id !== 'unknown' && confidence >= leastConfidence);
  return [...new Set(sure.sort((a, b) => b.confidence - a.confidence).map(({ id }) => id))];
}

/** A module whose root says nothing is introduced by its README; a package inside says what a part of it does. */
export function synopsisOf(module: string, packages: readonly Package[], readme?: string): string {
  const own = packages.find(({ path }) => path === module)?.synopsis ?? '';
  const inside = () => packages.find(({ synopsis, internal }) => synopsis !== '' && !internal)?.synopsis ?? '';
  return withoutNotice(own) || readmeSynopsis(readme ?? '') || withoutNotice(inside());
}

/** Examples and tools for its own building make no command of a library. */
const aside = /(^|\/)(_?examples?|testdata|internal|scripts?|tools?|hack|test|tests)(\/|$)/;

export function kindsOf(module: string, packages: readonly Package[]): Kind[] {
  const inside = (path: string) => path.slice(module.length + 1);
  const library = packages.some(({ name, internal }) => name !== 'main' && !internal);
  const command = packages.some(({ name, path }) => name === 'main' && !aside.test(inside(path)));
  return [...(library ? (['library'] as const) : []), ...(command ? (['command'] as const) : [])];
}

/** What all major versions of a module have in common. */
export const familyOf = (module: string) => splitPathVersion(module)?.prefix ?? module;

/** What may be searched for in a version besides its path and synopsis: packages, then the README's beginning. */
export function* textsOf(module: string, packages: readonly Package[], readme: string | undefined) {
  for (const { path, name, synopsis } of packages.slice(0, 200))
    yield `${path.slice(module.length)} ${name} ${synopsis}`;
  if (readme !== undefined) yield readme;
}
