import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { rebuild } from '../services/catalogue/rebuild.ts';
import { createSqliteCatalogue } from '../services/catalogue/sqlite.ts';
import { versionKey } from '../services/records/index.ts';
import { createFileStorage } from '../services/storage/files.ts';
import { goModOf, infoOf, moduleZip } from '../test/upstream/index.ts';
import { generateModule, type Shape } from './catalogue-world.ts';

/**
 * `reindex` on a generated store: `node bench/reindex.ts [--versions 100000]`. The store is written without the care
 * that publishing takes, by another process: neither is measured here. Prints seconds, and the largest resident memory so
 * far at each quarter: it must not grow with what has been read.
 */
const { values } = parseArgs({
  options: { versions: { type: 'string', default: '100000' }, write: { type: 'string' } },
});
const shape: Shape = { modules: Math.ceil(Number(values.versions) / 10), versions: 10 };
const folder = values.write ?? mkdtempSync(join(tmpdir(), 'reindex-bench-'));
const say = (line: string) => process.stdout.write(`${line}\n`);

if (values.write !== undefined) {
  await writeStore();
  process.exit();
}
try {
  const args = [import.meta.filename, '--versions', values.versions, '--write', folder];
  execFileSync(process.execPath, args, { stdio: 'inherit' });
  const stores = {
    published: await createFileStorage({ root: join(folder, 'published') }),
    records: await createFileStorage({ root: join(folder, 'records') }),
  };
  const catalogue = await createSqliteCatalogue({ file: join(folder, 'catalogue.sqlite') });
  let largest = 0;
  let quarters: string[] = [];
  const progress = (done: number) => {
    largest = Math.max(largest, process.memoryUsage.rss());
    const reached = Math.floor((4 * done) / (shape.modules * shape.versions));
    while (quarters.length < reached) quarters.push(`${Math.round(largest / 2 ** 20)}`);
  };
  for (const run of ['first', 'again']) {
    quarters = [];
    const started = performance.now();
    const { read, failed } = await rebuild({ stores, catalogue, progress });
    const seconds = (performance.now() - started) / 1000;
    const rate = Math.round(read / seconds);
    say(`${run}: ${read} versions (${failed} failed) in ${seconds.toFixed(1)} s, ${rate} a second`);
    say(`  resident memory at most, by quarters: ${quarters.join(', ')} MiB`);
  }
  await catalogue.close();
} finally {
  rmSync(folder, { recursive: true });
}

async function writeStore(): Promise<void> {
  const source = (name: string, i: number) =>
    `// Package ${name} is number ${i}.\npackage ${name}\n${Array.from({ length: 40 }, (_, k) => `\n// F${k} does.\nfunc F${k}(a, b int) int {\n\tif a > b {\n\t\treturn a\n\t}\n\treturn b\n}\n`).join('')}`;
  for (let i = 0; i < shape.modules; i++) {
    for (const { module, version, at, content } of generateModule(i, shape)) {
      const requires = content?.goMod.requirements.map(each => `\t${each.module} ${each.version}\n`).join('');
      const fixture = {
        path: module,
        version,
        time: at,
        files: {
          'go.mod': `module ${module}\n\ngo 1.24\n\nrequire (\n${requires})\n`,
          LICENSE: 'MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy.\n',
          'README.md': content?.readme?.text ?? '',
          'a.go': source('a', i),
          'b/b.go': source('b', i),
          'c/c.go': source('c', i),
        },
      };
      const key = versionKey(module, version);
      write(`published/${key}.zip`, await moduleZip(fixture));
      write(`published/${key}.mod`, goModOf(fixture));
      write(`published/${key}.info`, JSON.stringify(infoOf(fixture)));
      const provenance = { ...content?.provenance, publishedAt: at, feed: 'index/x' };
      write(`records/modules/${key}/provenance.json`, JSON.stringify(provenance));
      write(`records/modules/${key}/hash`, 'h1:x');
      write(`records/modules/${key}/log/${at}-0.json`, '{}');
    }
  }
}

function write(name: string, content: string | Buffer): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
