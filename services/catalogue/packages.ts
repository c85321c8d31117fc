import { setImmediate } from 'node:timers/promises';
import type { ArchiveEntry } from './archive.ts';
import type { Package } from './facts.ts';
import { type GoFile, readGoFile } from './go/source.ts';
import { synopsis } from './go/synopsis.ts';

/** What is read of one version at most: there are generated files of many megabytes. */
const limits = { file: 2 << 20, all: 64 << 20, packages: 2000, exported: 5000, exportedBytes: 8 << 20 };

/** The go command builds no package in folders of these names, and module zips have no others' code (`vendor`). */
const aside = /(^|\/)([_.][^/]*|testdata|vendor)(\/|$)/;

interface Draft {
  /** Files by name of package: a folder may have a stray one. */
  files: Map<string, { name: string; file: GoFile }[]>;
}

/** Packages of a module by their import paths, in order; `complete` is false where a limit has left something out. */
export async function readPackages(module: string, entries: readonly ArchiveEntry[]) {
  const drafts = new Map<string, Draft>();
  let bytes = 0;
  let unbroken = 0;
  let complete = true;
  for (const entry of entries) {
    const slash = entry.name.lastIndexOf('/');
    const folder = entry.name.slice(0, Math.max(0, slash));
    const name = entry.name.slice(slash + 1);
    if (!/^[^_.].*\.go$/.test(name) || name.endsWith('_test.go') || aside.test(folder)) continue;
    bytes += entry.size;
    if (entry.size > limits.file || bytes > limits.all || drafts.size >= limits.packages) {
      complete = false;
      continue;
    }
    const file = readGoFile((await entry.read()).toString());
    if (file !== undefined) take(drafts, folder, name, file);
    unbroken += entry.size;
    if (unbroken > 1 << 18) {
      unbroken = 0;
      await setImmediate(); // small files are read without a break otherwise
    }
  }
  const packages = [...drafts].map(([folder, draft]) => packageOf(module, folder, draft));
  packages.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { packages, complete: !cutExported(packages) && complete };
}

function take(drafts: Map<string, Draft>, folder: string, name: string, file: GoFile): void {
  const draft = drafts.get(folder) ?? { files: new Map() };
  drafts.set(folder, draft);
  draft.files.set(file.name, [...(draft.files.get(file.name) ?? []), { name, file }]);
}

function packageOf(module: string, folder: string, { files }: Draft): Package {
  const all = [...files].filter(([name]) => name !== 'documentation' || files.size === 1);
  const [name = '', own = []] = all.sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))[0] ?? [];
  // go/doc joins the comments of all files in the order of their names: the first one gives the first sentence.
  own.sort((a, b) => (a.name < b.name ? -1 : 1));
  const parsed = own.map(({ file }) => file);
  // Of what several files declare, each for another system, the first in the order of their names is told.
  const declared = new Map<string, string>();
  for (const file of parsed) {
    for (const [i, it] of file.exported.entries()) if (!declared.has(it)) declared.set(it, file.declared[i] ?? it);
  }
  const exported = [...declared.keys()].sort();
  return {
    path: folder === '' ? module : `${module}/${folder}`,
    name,
    synopsis: synopsis(parsed.find(({ doc }) => doc !== '')?.doc ?? '', parsed),
    internal: /(^|\/)internal(\/|$)/.test(folder),
    exported,
    declared: exported.map(it => declared.get(it) ?? it),
  };
}

/** Says whether something had to be left out. */
function cutExported(packages: Package[]): boolean {
  let bytes = 0;
  let cut = false;
  for (const each of packages) {
    const kept = each.internal ? [] : each.exported.slice(0, limits.exported);
    const declared = each.declared?.slice(0, kept.length) ?? [];
    bytes += [...kept, ...declared].reduce((sum, text) => sum + text.length, 0);
    const fits = bytes <= limits.exportedBytes;
    if (!each.internal && (!fits || kept.length < each.exported.length)) cut = true;
    each.exported = fits ? kept : [];
    each.declared = fits ? declared : [];
  }
  return cut;
}
