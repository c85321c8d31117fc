import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDuckdb } from '../services/analytics/duckdb.ts';
import { type Question, type QuestionName, questions } from '../services/analytics/questions.ts';
import { days, firstDay, makeDownloads, modules } from './downloads.ts';
import { median } from './statistics.ts';

/**
 * `npm run bench:analytics -- [--rows 10000000] [--rounds 7] [--file kept.duckdb]`: how long each named question takes on
 * DuckDB, of all days that there are. A file that is there already is measured as it is. Fails when one takes a second
 * or more, at the median. CPU is of all threads: on a machine with other work it tells more than the time.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '7' },
    file: { type: 'string' },
  },
});
const rows = Number(values.rows);
const rounds = Number(values.rounds);
const longest = 1000;

const day = (number: number) => new Date(Date.parse(firstDay) + number * 86_400_000).toISOString().slice(0, 10);
const all = { from: day(0), to: day(days - 1) };

/** For each: all days, the module that is downloaded most, as many rows as the pages ask for. */
function parametersOf(name: QuestionName): object {
  const { parameters }: Question = questions[name];
  return {
    ...all,
    ...('module' in parameters && { module: 'github.com/owner1/module1' }),
    ...('limit' in parameters && { limit: name === 'top-modules' ? 100_000 : 50 }),
    ...('before' in parameters && { before: day(0), from: day(days / 2) }),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'bench-analytics-'));
try {
  const file = values.file ?? join(folder, 'downloads.duckdb');
  if (!existsSync(file)) {
    const from = performance.now();
    const sums = await makeDownloads(file, rows);
    const seconds = ((performance.now() - from) / 1000).toFixed(0);
    console.log(`${rows} requests of ${modules} modules in ${days} days, ${sums} sums of days, made in ${seconds} s`);
  }
  console.log(`the database has ${(await stat(file)).size >> 20} MiB`);
  const fail = (error: Error) => console.error(error.message);
  const spool = join(folder, 'spool');
  const analytics = await openDuckdb({ file, spool, interval: 0, kept: 4e10, onError: fail });
  console.log('question          rows  median ms  max ms  CPU ms');
  for (const name of Object.keys(questions) as QuestionName[]) {
    const took: number[] = [];
    const used: number[] = [];
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const from = performance.now();
      const before = process.cpuUsage();
      found = (await analytics.ask(name, parametersOf(name) as never)).length;
      took.push(performance.now() - from);
      const { user, system } = process.cpuUsage(before);
      used.push((user + system) / 1000);
    }
    const middle = median(took);
    const figures = [middle, Math.max(...took), median(used)].map(value => value.toFixed(0));
    const widths = [11, 8, 8];
    console.log(
      name.padEnd(16) + String(found).padStart(6) + figures.map((f, i) => f.padStart(widths[i] ?? 0)).join(''),
    );
    if (middle >= longest) process.exitCode = 1;
  }
  await analytics.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
