import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FixtureModule } from './module.ts';
import { parseTxtar } from './txtar.ts';

const folder = join(import.meta.dirname, '..', 'fixtures');

/**
 * Every version of every module under test/fixtures/modules, a file a module. The comment of such a file names the
 * module, then one version a line, oldest first: `<version> <time> [<branch, tag prefix or commit that means it>…]`.
 * Files of a version are named `<version>/<path>`. Lines with `#` are for the reader.
 */
export async function loadFixtures(): Promise<FixtureModule[]> {
  const names = (await readdir(join(folder, 'modules'))).filter(name => name.endsWith('.txtar')).sort();
  const archives = await Promise.all(names.map(name => readFile(join(folder, 'modules', name), 'utf8')));
  return archives.flatMap(parseModule);
}

/** A main program that imports the fixture modules: its files by name, go.mod among them, go.sum not. */
export async function loadProgram(): Promise<Record<string, string>> {
  return parseTxtar(await readFile(join(folder, 'program.txtar'), 'utf8')).files;
}

/** What the program prints when it is built with the right versions of everything. */
export const programOutput =
  'Hello, Gopher! / HELLO, GOPHER! / 3 items / due 1984 / leaf of tree / beta untagged old camel\n';

export async function writeFiles(root: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

export function parseModule(text: string): FixtureModule[] {
  const { comment, files } = parseTxtar(text);
  const [first = '', ...lines] = comment.split('\n').filter(line => line.trim() !== '' && !line.startsWith('#'));
  const path = first.replace(/^module /, '');
  return lines.map(line => {
    const [version = '', time = '', ...queries] = line.trim().split(/\s+/);
    const own = Object.entries(files).filter(([name]) => name.startsWith(`${version}/`));
    if (own.length === 0) throw new Error(`the fixture of ${path} has no files of ${version}`);
    return {
      path,
      version,
      time,
      queries,
      files: Object.fromEntries(own.map(([name, content]) => [name.slice(version.length + 1), content])),
    };
  });
}
