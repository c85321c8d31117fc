import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { include } from '../../services/commands/include/index.ts';
import { readTargets } from '../../services/commands/include/targets.ts';
import { Fault } from '../../services/errors.ts';
import type { Message } from '../../services/messaging/topics.ts';
import { versionKey, writeOutcome } from '../../services/records/index.ts';
import { openWorld, type World } from '../validator/helpers.ts';

let world: World;
let folder: string;
beforeEach(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'gocenter-include-'));
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

type Requested = Message<'module.requested'>;

/** What the services say of a branch or `latest`. */
async function resolve(module: string, query: string): Promise<string> {
  if (module.endsWith('none')) throw new Fault('not-found', 'no origin has it');
  return query === 'latest' ? 'v1.9.0' : 'v1.9.1-0.20260102030405-0123456789ab';
}

/** Runs the command; `serve` does what the services would with each request. */
async function run(
  argv: string[],
  serve: (request: Requested) => Promise<void>,
  more: { input?: Readable; isTTY?: boolean; columns?: number } = {},
) {
  const { isTTY, columns, input } = more;
  let text = '';
  const write = (chunk: string) => {
    text += chunk;
  };
  const asked: string[] = [];
  const messaging: World['messaging'] = {
    ...world.messaging,
    async publish(_topic, message) {
      const request = message as unknown as Requested;
      asked.push(`${request.module}@${request.version}`);
      await serve(request);
    },
  };
  const openCatalogue = () => Promise.reject(new Error('not needed'));
  const { published, quarantine, records } = world;
  const out = { write, ...(isTTY && { isTTY }), ...(columns && { columns }) };
  const deps = {
    published,
    quarantine,
    records,
    messaging,
    openCatalogue,
    migrateCatalogue: async () => undefined,
    openAnalytics: () => Promise.reject(new Error('nobody asks for downloads')),
    resolve,
    out,
    now: () => world.clock,
    user: () => '',
  };
  const exit = await include.run({ ...deps, ...(input && { input }) }, argv);
  return { exit, text, lines: text.split('\n').slice(0, -1), asked };
}

const publish = async ({ module, version }: { module: string; version: string }) => {
  await world.published.put(`${versionKey(module, version)}.info`, Buffer.from('{}'));
};

async function file(text: string): Promise<string> {
  const path = join(folder, 'go.sum');
  await writeFile(path, text);
  return path;
}

const hash = `h1:${'A'.repeat(43)}=`;

describe('include', () => {
  test('asks for every version of a go.sum once, and says what became of each', async () => {
    const names = ['published', 'here', 'rejected', 'missing'];
    const sum = names.flatMap(name => [`a.test/${name} v1.0.0 ${hash}`, `a.test/${name} v1.0.0/go.mod ${hash}`]);
    await publish({ module: 'a.test/here', version: 'v1.0.0' });
    const at = world.clock.toISOString();
    const { exit, lines, asked } = await run([await file(sum.join('\n'))], async request => {
      const { module, version } = request;
      if (module.endsWith('published')) await publish(request);
      const reasons = [{ rule: 'deny-list', message: 'no' }];
      if (module.endsWith('rejected'))
        await writeOutcome(world.records, module, version, { kind: 'refused', message: 'deny-list: no', reasons, at });
      if (module.endsWith('missing'))
        await writeOutcome(world.records, module, version, { kind: 'not-found', message: 'no origin has it', at });
    });
    expect(exit).toBe(1);
    expect(asked.toSorted()).toEqual(['a.test/missing@v1.0.0', 'a.test/published@v1.0.0', 'a.test/rejected@v1.0.0']);
    expect(lines.slice(0, 4).toSorted()).toEqual([
      'a.test/here@v1.0.0  already here',
      'a.test/missing@v1.0.0  not found',
      'a.test/published@v1.0.0  published now',
      'a.test/rejected@v1.0.0  rejected',
    ]);
    expect(lines.slice(4)).toEqual([
      'a.test/rejected@v1.0.0 is rejected: deny-list: no',
      'a.test/missing@v1.0.0 is not found: no origin has it',
      '1 published now, 1 already here, 1 rejected, 1 not found.',
    ]);
  });

  test('ends with 0 when all is here, and again when it is repeated', async () => {
    const list = await file('# ours\na.test/a@v1.0.0\n\na.test/b@v1.2.3 # and this\n');
    expect(await run([list], publish)).toMatchObject({ exit: 0, lines: expect.arrayContaining(['2 published now.']) });
    expect(await run([list], publish)).toMatchObject({
      exit: 0,
      asked: [],
      lines: expect.arrayContaining(['2 already here.']),
    });
  });

  test('reads the standard input, and goes on after lines that it can’t read, which it names', async () => {
    const input = Readable.from([Buffer.from('a.test/a@v1.0.0\nnonsense\na.test/b@v1\n')]);
    const { exit, lines, asked } = await run(['-'], publish, { input });
    expect([exit, asked]).toEqual([1, ['a.test/a@v1.0.0']]);
    expect(lines.slice(0, 2)).toEqual([
      '-: line 2: "nonsense" must be written <module>@<version>',
      expect.stringContaining('-: line 3: '),
    ]);
  });

  test('takes the latest of a module without a version, and resolves branches, as the page does', async () => {
    const list = await file('a.test/a\na.test/b@latest\na.test/c@main\na.test/none\na.test/d@v1.0.0\n');
    const { exit, lines, asked } = await run([list], publish);
    expect(asked.toSorted()).toEqual([
      'a.test/a@v1.9.0',
      'a.test/b@v1.9.0',
      'a.test/c@v1.9.1-0.20260102030405-0123456789ab',
      'a.test/d@v1.0.0',
    ]);
    expect([exit, lines[0]]).toEqual([
      1,
      `${list}: line 4: which version a.test/none@latest is can't be asked: no origin has it`,
    ]);
  });

  test('gives up when nothing happens for long, and says that it stays asked for', async () => {
    const { exit, lines } = await run([await file('a.test/a@v1.0.0'), '--patience', '0.05'], async () => {});
    expect(exit).toBe(1);
    expect(lines.slice(1)).toEqual([
      'a.test/a@v1.0.0 is still on the way: nothing has come of it yet: do the services run?',
      '1 still on the way.',
      'What is on the way stays asked for; run this again to see what became of it.',
    ]);
  });

  test('draws a bar no wider than the terminal, over itself, and removes it before the result', async () => {
    const list = await file(Array.from({ length: 20 }, (_, i) => `a.test/a${i}@v1.0.0`).join('\n'));
    const { text } = await run([list], publish, { isTTY: true, columns: 60 });
    const [bars = '', result] = text.split('\r\x1b[K');
    for (const bar of bars.split('\r').slice(1)) expect(bar.replace('\x1b[K', '').length).toBeLessThan(60);
    expect(bars).toContain('█ 20/20'.replace(' ', '] '));
    expect(result).toBe('20 published now.\n');
  });

  test.each([
    [[], 'give one file, or - for the standard input'],
    [['/no/such/file'], "/no/such/file can't be read"],
    [['x', '--patience', 'long'], '--patience takes a number of seconds'],
  ])('%j is answered with what is wrong', async (argv, sentence) => {
    const { exit, lines } = await run(argv, publish);
    expect(exit).toBe(2);
    expect(lines[0]).toContain(sentence);
  });
});

test('a go.mod asks for what it requires and for its replacements, not for what they replace', async () => {
  const text = `module a.test/m
require (
	a.test/one v1.0.0
	a.test/two v1.0.0 // indirect
	a.test/three v1.0.0
)
replace a.test/two => a.test/fork v1.1.0
replace a.test/three => ../three
`;
  const { targets } = await readTargets(text, resolve);
  const names = targets.map(({ module, version }) => `${module}@${version}`);
  expect(names).toEqual(['a.test/one@v1.0.0', 'a.test/fork@v1.1.0']);
});
