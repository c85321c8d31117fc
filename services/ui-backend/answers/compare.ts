import type { File, Package, VersionDetail } from '../../catalogue/index.ts';
import type { CompareAnswer } from '../schemas/compare.ts';
import { type Handlers, orNull, publishedOf } from './handlers.ts';

const maxFiles = 1000;
const maxPackages = 200;
const maxNames = 2000;

export const compareAnswers: Pick<Handlers, 'compare'> = {
  async compare({ module, from, to }, view) {
    const [older, newer] = await Promise.all([
      publishedOf(view, { module, version: from }),
      publishedOf(view, { module, version: to }),
    ]);
    return compareVersions(older, newer);
  },
};

/** What differs between two published versions of one module. */
export function compareVersions(from: VersionDetail, to: VersionDetail): CompareAnswer {
  const requirements = changes(
    new Map(from.requirements.map(requirement => [requirement.module, requirement])),
    new Map(to.requirements.map(requirement => [requirement.module, requirement])),
    (a, b) => a.version === b.version && a.indirect === b.indirect,
  );
  const licences = changes(
    new Map(from.licenceFiles.map(licence => [licence.file, licence])),
    new Map(to.licenceFiles.map(licence => [licence.file, licence])),
    (a, b) => a.id === b.id,
  );
  return {
    module: from.module,
    from: side(from),
    to: side(to),
    requirements: requirements.map(([module, a, b]) => ({
      module,
      from: orNull(a?.version),
      to: orNull(b?.version),
      indirect: (b ?? a)?.indirect === true,
    })),
    licences: licences.map(([file, a, b]) => ({ file, from: orNull(a?.id), to: orNull(b?.id) })),
    files: compareFiles(from, to),
    api: compareApi(from, to),
  };
}

function side(version: VersionDetail): CompareAnswer['from'] {
  return {
    version: version.version,
    time: orNull(version.time),
    zipSize: version.zipSize,
    files: version.fileCount,
    go: orNull(version.go),
    licences: version.licences,
    vulnerabilities: version.vulnerabilities,
  };
}

function compareFiles(from: VersionDetail, to: VersionDetail): CompareAnswer['files'] {
  const byName = (files: readonly File[]) => new Map(files.map(file => [file.name, file]));
  // Equal lengths and CRC-32 are taken for equal bytes: this is to be read, nothing is decided by it.
  const differ = changes(byName(from.files), byName(to.files), (a, b) => a.size === b.size && a.crc32 === b.crc32);
  const known = from.files.length === from.fileCount && to.files.length === to.fileCount;
  return {
    items: differ.slice(0, maxFiles).map(([name, a, b]) => ({ name, from: orNull(a?.size), to: orNull(b?.size) })),
    added: differ.filter(([, a]) => a === undefined).length,
    removed: differ.filter(([, , b]) => b === undefined).length,
    changed: differ.filter(([, a, b]) => a !== undefined && b !== undefined).length,
    complete: known && differ.length <= maxFiles,
  };
}

function compareApi(from: VersionDetail, to: VersionDetail): CompareAnswer['api'] {
  const importable = (packages: readonly Package[]) =>
    new Map(packages.filter(({ internal, name }) => !internal && name !== 'main').map(its => [its.path, its]));
  const differ = changes(importable(from.packages), importable(to.packages), sameApi);
  let names = 0;
  const packages: CompareAnswer['api']['packages'] = [];
  for (const [path, a, b] of differ) {
    if (packages.length >= maxPackages || names >= maxNames) break;
    const before = new Set(a?.exported);
    const after = new Set(b?.exported);
    const added = [...after].filter(name => !before.has(name)).slice(0, maxNames - names);
    const removed = [...before].filter(name => !after.has(name)).slice(0, maxNames - names - added.length);
    const changed = redeclared(a, b).slice(0, maxNames - names - added.length - removed.length);
    names += added.length + removed.length + changed.length;
    const state = a === undefined ? 'added' : b === undefined ? 'removed' : 'changed';
    packages.push({ path, state, added, removed, changed });
  }
  const complete =
    from.packagesComplete && to.packagesComplete && packages.length === differ.length && names < maxNames;
  return { packages, complete };
}

const sameApi = (a: Package, b: Package) =>
  a.exported.length === b.exported.length &&
  a.exported.every((name, index) => name === b.exported[index]) &&
  redeclared(a, b).length === 0;

type Changed = CompareAnswer['api']['packages'][number]['changed'];

/** Names that both export and declare differently, where it is known of both. */
function redeclared(a: Package | undefined, b: Package | undefined): Changed {
  const before = new Map(a?.exported.map((name, index) => [name, a.declared?.[index]]));
  return (b?.exported ?? []).flatMap((name, index) => {
    const [from, to] = [before.get(name), b?.declared?.[index]];
    return from === undefined || to === undefined || isSameDeclaration(from, to) ? [] : [{ name, from, to }];
  });
}

/** Whether nobody who uses it can tell the difference. */
function isSameDeclaration(from: string, to: string): boolean {
  const [before, after] = [normal(from), normal(to)];
  if (before === after) return true;
  // The type of a variable that only has a value is not known here, so it is not known to differ.
  const [short, long] = before.length < after.length ? [before, after] : [after, before];
  return /^var \S+$/.test(short) && long.startsWith(`${short} `);
}

/** Two spellings of one type since Go 1.18. */
const normal = (declaration: string) => declaration.replaceAll(/\binterface ?\{ ?\}/g, 'any');

/** What is on one side only or differs, sorted by key. */
function changes<T>(from: ReadonlyMap<string, T>, to: ReadonlyMap<string, T>, equal: (a: T, b: T) => boolean) {
  const keys = [...new Set([...from.keys(), ...to.keys()])].sort();
  const all = keys.map(key => [key, from.get(key), to.get(key)] as const);
  return all.filter(([, a, b]) => a === undefined || b === undefined || !equal(a, b));
}
