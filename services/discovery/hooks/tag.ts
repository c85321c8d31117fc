import { splitPathVersion } from '../../gomod/path.ts';
import { isPseudoVersion } from '../../gomod/pseudo.ts';
import { major } from '../../gomod/semver.ts';
import { canonicalVersion } from '../../gomod/version.ts';
import type { Target } from '../ask.ts';
import type { KnownModule } from '../repositories.ts';

/** A tag of the form `v1.2.3`, or `folder/v1.2.3` for a module below the root of its repository. */
export interface VersionTag {
  folder: string;
  version: string;
}

/** Go Modules Reference, "Mapping versions to commits". Undefined for a tag that is no version to go. */
export function parseTag(tag: string): VersionTag | undefined {
  const slash = tag.lastIndexOf('/');
  const version = tag.slice(slash + 1);
  if (canonicalVersion(version) !== version || version === '' || isPseudoVersion(version)) return undefined;
  if (version.includes('+')) return undefined; // build metadata; a tag never carries +incompatible
  return { folder: slash < 0 ? '' : tag.slice(0, slash), version };
}

/**
 * The versions that a tag of a repository (`host/path`) may be: the path of the repository and the tag's folder, with a
 * `/vN` from v2 on, and modules of other paths that are known to come from there. `kept` are the versions published of
 * the path of the repository itself: they tell whether it is a module although its modules are known by other paths, and
 * whether it has versions of v2 and above without go.mod.
 */
export function versionsOf(
  repository: string,
  { folder, version }: VersionTag,
  known: readonly KnownModule[],
  kept: readonly string[],
): Target[] {
  const number = major(version);
  const suffix = number === 'v0' || number === 'v1' ? '' : number;
  const found = new Map<string, Target>();
  const add = (module: string, its = version) => found.set(`${module}@${its}`, { module, version: its });

  for (const { module, folder: its } of known) {
    // A module of v2 and above may be in a folder of that name, which its tags leave out.
    if (its !== folder && its.replace(/(?:^|\/)v[2-9]\d*$/, '') !== folder) continue;
    const split = splitPathVersion(module);
    if (split === undefined) continue;
    if (module.startsWith('gopkg.in/')) add(`${split.prefix}.${number}`);
    else add(suffix === '' ? split.prefix : `${split.prefix}/${suffix}`);
  }
  const base = folder === '' ? repository : `${repository}/${folder}`;
  if (found.size === 0 || kept.length > 0) add(suffix === '' ? base : `${base}/${suffix}`);
  const incompatible = kept.some(one => one.endsWith('+incompatible'));
  if (incompatible && suffix !== '' && folder === '') add(base, `${version}+incompatible`);
  return [...found.values()];
}
