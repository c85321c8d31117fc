import type { Catalogue } from '../../services/catalogue/index.ts';

/** Everything that a catalogue answers, as text: two that hold the same have the same. */
export async function dump(catalogue: Catalogue, searches: readonly string[] = []): Promise<string> {
  const lines: unknown[] = [await catalogue.counts()];
  for (let after = ''; ; ) {
    const paths = await catalogue.list({ after, limit: 1000 });
    const last = paths.at(-1);
    if (last === undefined) break;
    after = last;
    for (const path of paths) {
      const module = await catalogue.module(path);
      lines.push(module, await catalogue.usedBy({ module: path, all: true, limit: 1000 }));
      for (const { version } of module?.history ?? []) lines.push(await catalogue.version(path, version));
      lines.push(await catalogue.suggest(path.split('/').at(-1) ?? '', 20));
    }
  }
  for (const text of searches) lines.push(await catalogue.search({ text, limit: 100 }));
  for (const status of ['published', 'rejected'] as const) lines.push(await catalogue.newest({ status, limit: 1000 }));
  lines.push(await catalogue.vulnerabilities({ limit: 1000 }));
  return lines.map(line => JSON.stringify(line)).join('\n');
}
