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
 * `/vN` from v2 on, and modules of other paths that are known to come from there. `incompatible` says that its root has
 * versions of v2 and above without go.mod.
 */
export function versionsOf(
  repository: string,
  { folder, version }: VersionTag,
  known: readonly KnownModule[],
  incompatible: boolean,
): Target[] {
  const number = major(version);
  const suffix = number === 'v0' || number === 'v1' ? '' : number;
  const base = folder === '' ? repository : `${repository}/${folder}`;
  const found: Target[] = [{ module: suffix === '' ? base : `${base}/${suffix}`, version }];
  if (incompatible && suffix !== '' && folder === '') found.push({ module: base, version: `${version}+incompatible` });
  for (const { module, folder: its } of known) {
    if (its.replace(/(?:^|\/)v[2-9]\d*$/, '') !== folder && its !== folder) continue;
    const split = splitPathVersion(module);
    if (split === undefined) continue;
    const dotted = module.startsWith('gopkg.in/');
    const path = dotted ? `${split.prefix}.${number}` : suffix === '' ? split.prefix : `${split.prefix}/${suffix}`;
    found.push({ module: path, version });
  }
  const unique = new Map(found.map(target => [`${target.module}@${target.version}`, target]));
  return [...unique.values()];
}
