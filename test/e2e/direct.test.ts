import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readModuleZip } from '../../services/gomod/zip.ts';
import { readLog, readOutcome, versionKey } from '../../services/records/index.ts';
import { type DirectOrigin, hasGit, hasOpenssl, startDirectOrigin } from '../direct-origin/index.ts';
import { createWorld, faultOf, textOf, type World } from '../processor/world.ts';

const hasGo = spawnSync('go', ['version']).status === 0;
const able = hasGo && hasGit && hasOpenssl;

const host = 'git.example.test';
const source = (name: string) => ({ [`${name}.go`]: `package ${name}\n`, LICENSE: 'a licence\n' });
const goMod = (path: string) => ({ 'go.mod': `module ${path}\n\ngo 1.21\n` });

let origin: DirectOrigin;
const worlds: World[] = [];

/** A processor that fetches directly, and may reach the fixture's hosts but `private.example.test`. */
async function world(environment: Record<string, string> = {}) {
  const made = await createWorld(
    {
      UPSTREAM: 'direct',
      ORIGIN_CA_FILE: origin.caFile,
      ALLOW_PRIVATE_ORIGINS: 'git.example.test,vanity.example.test,odd.example.test',
      ORIGIN_TIMEOUT: '20s',
      DIRECT_TIMEOUT: '60s',
      ...environment,
    },
    { lookup: origin.lookup, path: process.env.PATH ?? '' },
  );
  worlds.push(made);
  return made;
}

const leftovers = () => readdirSync(tmpdir()).filter(name => name.startsWith(`gocenter-direct-${process.pid}-`));

/** Processes that have a folder of ours in their environment. */
function processesOfJobs(): string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`gocenter-direct-${process.pid}-`)
      );
    } catch {
      return false;
    }
  });
}

const redirect = (location: string) => (_request: unknown, response: import('node:http').ServerResponse) => {
  response.writeHead(302, { location }).end();
};

beforeAll(async () => {
  if (!(hasGit && hasOpenssl)) return;
  origin = await startDirectOrigin({
    hosts: [host, 'vanity.example.test', 'odd.example.test', 'private.example.test'],
    repositories: {
      [`${host}/Basic`]: [
        { files: { ...goMod(`${host}/Basic`), ...source('basic') }, tags: ['v1.0.0'] },
        { files: { ...goMod(`${host}/Basic`), ...source('basic'), 'more.go': 'package basic\n' }, tags: ['v1.1.0'] },
        { files: { ...goMod(`${host}/Basic`), ...source('basic') }, tags: ['v1.2.0-rc.1', 'other'] },
        { files: { ...goMod(`${host}/Basic`), ...source('basic'), 'dev.go': 'package basic\n' }, branch: 'dev' },
      ],
      [`${host}/legacy`]: [
        { files: source('legacy'), tags: ['v1.0.0'] },
        { files: { ...source('legacy'), 'two.go': 'package legacy\n' }, tags: ['v2.0.0'] },
      ],
      [`${host}/mono`]: [
        {
          files: { ...goMod(`${host}/mono`), 'sub/go.mod': `module ${host}/mono/sub\n`, 'sub/sub.go': 'package sub\n' },
          tags: ['v1.0.0', 'sub/v0.1.0'],
        },
      ],
      [`${host}/untagged`]: [{ files: { ...goMod(`${host}/untagged`), ...source('untagged') } }],
      [`${host}/behind`]: [{ files: { ...goMod('vanity.example.test/x/v2'), ...source('behind') }, tags: ['v2.3.0'] }],
      'private.example.test/secret': [{ files: goMod('private.example.test/secret'), tags: ['v1.0.0'] }],
    },
    imports: {
      [`${host}/Basic`]: `git https://${host}/Basic`,
      [`${host}/legacy`]: `git https://${host}/legacy`,
      [`${host}/mono`]: `git https://${host}/mono`,
      [`${host}/untagged`]: `git https://${host}/untagged`,
      [`${host}/missing`]: `git https://${host}/nothing`,
      'vanity.example.test/x': `git https://${host}/behind`,
      'private.example.test/secret': 'git https://private.example.test/secret',
      'odd.example.test/ssh': 'git ssh://odd.example.test/x',
      'odd.example.test/http': `git http://${host}/Basic`,
      'odd.example.test/file': `git file://${tmpdir()}`,
      'odd.example.test/hg': `hg https://${host}/Basic`,
      'odd.example.test/inside': 'git https://private.example.test/secret',
      'odd.example.test/literal': 'git https://10.0.0.1/x',
      'odd.example.test/login': 'git https://odd.example.test/login',
      'odd.example.test/moved': 'git https://odd.example.test/moved',
      'odd.example.test/hang': 'git https://odd.example.test/hang',
    },
    answers: {
      [`${host}/proxy/example.com/m/@v/list`]: (_request, response) => response.end('v1.0.0\n'),
      [`${host}/proxy/example.com/plain/@v/list`]: redirect(`http://${host}/proxy/example.com/m/@v/list`),
      'odd.example.test/metadata': redirect('https://169.254.169.254/latest/meta-data'),
      'odd.example.test/tohttp': redirect('http://odd.example.test/x'),
      'odd.example.test/silent': () => {},
      'odd.example.test/moved/info/refs': redirect('https://169.254.169.254/info/refs?service=git-upload-pack'),
      'odd.example.test/hang/info/refs': () => {},
      'odd.example.test/login/info/refs': (_request, response) => {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      },
    },
  });
});

afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
  expect(leftovers()).toEqual([]);
});

afterAll(async () => {
  await origin?.close();
});

describe.skipIf(!able)('direct (needs go, git and openssl)', () => {
  async function fetched(module: string, version: string, made?: World) {
    const used = made ?? (await world());
    await used.request({ module, version });
    expect(await readOutcome(used.records, module, version)).toBeUndefined();
    const key = versionKey(module, version);
    const zip = join(used.folder, 'copy.zip');
    writeFileSync(zip, Buffer.from((await used.quarantine.get(`${key}.zip`).then(o => o?.body.toArray()))?.[0] ?? []));
    return {
      info: JSON.parse((await textOf(used.quarantine, `${key}.info`)) ?? ''),
      mod: await textOf(used.quarantine, `${key}.mod`),
      zip: await readModuleZip(zip, module, version),
      message: used.messages.at(-1),
    };
  }

  test('a tagged version is fetched with its origin', async () => {
    const { info, mod, zip, message } = await fetched(`${host}/Basic`, 'v1.1.0');
    expect(info).toEqual({
      Version: 'v1.1.0',
      Time: '2024-01-02T12:00:00Z',
      Origin: {
        VCS: 'git',
        URL: `https://${host}/Basic`,
        Hash: expect.stringMatching(/^[0-9a-f]{40}$/),
        Ref: 'refs/tags/v1.1.0',
      },
    });
    expect(mod).toBe(`module ${host}/Basic\n\ngo 1.21\n`);
    expect(zip.files).toBe(4);
    expect(message).toMatchObject({ origin: 'direct', version: 'v1.1.0' });
  });

  test('a version without go.mod at v2 is +incompatible, and has a go.mod of one line', async () => {
    const { info, mod } = await fetched(`${host}/legacy`, 'v2.0.0+incompatible');
    expect(info.Version).toBe('v2.0.0+incompatible');
    expect(mod).toBe(`module ${host}/legacy\n`);
  });

  test('a module in a subdirectory is fetched alone', async () => {
    const { info, zip } = await fetched(`${host}/mono/sub`, 'v0.1.0');
    expect(info.Origin).toMatchObject({ Subdir: 'sub', Ref: 'refs/tags/sub/v0.1.0' });
    expect(zip.files).toBe(2);
  });

  test('a path of its own with a major version leads to a repository elsewhere', async () => {
    const { info } = await fetched('vanity.example.test/x/v2', 'v2.3.0');
    expect(info.Origin.URL).toBe(`https://${host}/behind`);
  });

  test('a pseudo-version of a branch is resolved and fetched', async () => {
    const used = await world();
    const info = await used.processor.origin.query(`${host}/Basic`, 'dev');
    expect(info.Version).toMatch(/^v1\.2\.0-rc\.1\.0\.20240104120000-[0-9a-f]{12}$/);
    const { zip } = await fetched(`${host}/Basic`, info.Version, used);
    expect(zip.files).toBe(4);
    const commit = info.Origin?.Hash ?? '';
    expect((await used.processor.origin.query(`${host}/Basic`, commit.slice(0, 10))).Version).toBe(info.Version);
    expect((await used.processor.origin.query(`${host}/Basic`, 'v1.0')).Version).toBe('v1.0.0');
  });

  test('lists have the tags, and @latest the highest release or the newest commit', async () => {
    const { origin: asked } = (await world()).processor;
    expect(await asked.list(`${host}/Basic`)).toEqual(['v1.0.0', 'v1.1.0', 'v1.2.0-rc.1']);
    expect(await asked.list(`${host}/legacy`)).toEqual(['v1.0.0', 'v2.0.0+incompatible']);
    expect(await asked.list(`${host}/mono/sub`)).toEqual(['v0.1.0']);
    expect(await asked.list(`${host}/untagged`)).toEqual([]);
    expect((await asked.latest(`${host}/Basic`)).Version).toBe('v1.1.0');
    expect((await asked.latest(`${host}/untagged`)).Version).toMatch(/^v0\.0\.0-20240101120000-[0-9a-f]{12}$/);
  });

  test.each([
    [`${host}/Basic`, 'v9.9.9', 'invalid'],
    [`${host}/Basic`, 'v1.9.9', 'not-found'],
    [`${host}/Basic/deeper`, 'v1.0.0', 'not-found'],
    [`${host}/missing`, 'v1.0.0', 'not-found'],
    [`${host}/unheard-of`, 'v1.0.0', 'not-found'],
    [`${host}/legacy`, 'v1.0.1-0.20240101120000-abcdefabcdef', 'not-found'],
    ['odd.example.test/login', 'v1.0.0', 'not-found'],
    ['odd.example.test/metadata', 'v1.0.0', 'refused'],
    ['odd.example.test/moved', 'v1.0.0', 'refused'],
    ['odd.example.test/inside', 'v1.0.0', 'refused'],
    ['odd.example.test/literal', 'v1.0.0', 'refused'],
    ['odd.example.test/hg', 'v1.0.0', 'refused'],
    ['private.example.test/secret', 'v1.0.0', 'refused'],
    ['169.254.169.254/x', 'v1.0.0', 'refused'],
    ['127.0.0.1/x', 'v1.0.0', 'refused'],
  ])('%s@%s is %s', async (module, version, kind) => {
    const used = await world();
    await used.request({ module, version });
    expect(await readOutcome(used.records, module, version)).toMatchObject({ kind });
    expect(used.messages).toEqual([]);
    expect(origin.requests.filter(path => path.startsWith('private.'))).toEqual([]);
  });

  test.each([
    'odd.example.test/ssh',
    'odd.example.test/http',
    'odd.example.test/file',
    'odd.example.test/tohttp',
    'gone.example.test/x',
  ])('%s is not fetched', async module => {
    const used = await world();
    await used.request({ module, version: 'v1.0.0' }).catch(() => {});
    expect((await readOutcome(used.records, module, 'v1.0.0'))?.kind).toMatch(/^(refused|unavailable|not-found)$/);
    expect(used.messages).toEqual([]);
  });

  test.each(['odd.example.test/silent', 'odd.example.test/hang'])(
    '%s: the whole process group is killed after DIRECT_TIMEOUT',
    async module => {
      const used = await world({ DIRECT_TIMEOUT: '2s' });
      const fault = await faultOf(used.request({ module, version: 'v1.0.0' }));
      expect(fault.kind).toBe('timed-out');
      expect(processesOfJobs()).toEqual([]);
      expect(leftovers()).toEqual([]);
    },
  );

  test('one place at a host is enough for go and its connections', async () => {
    const used = await world({ ORIGIN_CONCURRENCY: '1', PROCESSOR_CONCURRENCY: '1' });
    await Promise.all([
      used.request({ module: `${host}/Basic`, version: 'v1.0.0' }),
      used.request({ module: `${host}/mono`, version: 'v1.0.0' }),
      used.processor.origin.list(`${host}/legacy`),
    ]);
    expect(used.messages).toHaveLength(2);
  });

  test('a processor that closes kills what runs', async () => {
    const used = await world({ SHUTDOWN_TIMEOUT: '100ms' });
    const given = faultOf(used.request({ module: 'odd.example.test/hang', version: 'v1.0.0' }));
    const list = faultOf(used.processor.origin.list('odd.example.test/hang'));
    await used.processor.close();
    expect((await given).kind).toBe('unavailable');
    expect((await list).kind).toBe('unavailable');
    expect(processesOfJobs()).toEqual([]);
  });

  test('no hook and no credential helper of this machine is run', async () => {
    const poison = mkdtempSync(join(tmpdir(), 'poison-'));
    const marker = join(poison, 'marker');
    const script = `#!/bin/sh\ntouch ${marker}\n`;
    mkdirSync(join(poison, 'hooks'));
    for (const hook of ['reference-transaction', 'post-checkout', 'pre-auto-gc']) {
      writeFileSync(join(poison, 'hooks', hook), script, { mode: 0o755 });
    }
    writeFileSync(join(poison, 'askpass'), script, { mode: 0o755 });
    const settings = `[core]\n\thooksPath = ${poison}/hooks\n[credential]\n\thelper = "!touch ${marker}; :"\n`;
    writeFileSync(join(poison, '.gitconfig'), settings);
    const bad = {
      HOME: poison,
      GIT_CONFIG_GLOBAL: join(poison, '.gitconfig'),
      GIT_ASKPASS: join(poison, 'askpass'),
      SSH_ASKPASS: join(poison, 'askpass'),
    };
    const before = { ...process.env };
    try {
      // The poison works, on git as it is.
      execFileSync('git', ['init', '--quiet', 'repo'], { cwd: poison, env: { ...before, ...bad } });
      const commit = ['-c', 'user.name=x', '-c', 'user.email=x', 'commit', '--quiet', '--allow-empty', '-m', 'x'];
      execFileSync('git', commit, { cwd: join(poison, 'repo'), env: { ...before, ...bad } });
      expect(existsSync(marker)).toBe(true);
      rmSync(marker);

      Object.assign(process.env, bad);
      const used = await world();
      await used.request({ module: `${host}/Basic`, version: 'v1.0.0' });
      await used.request({ module: 'odd.example.test/login', version: 'v1.0.0' });
      expect(used.messages).toHaveLength(1);
      expect(existsSync(marker)).toBe(false);
    } finally {
      for (const name of Object.keys(bad)) delete process.env[name];
      Object.assign(process.env, before);
      rmSync(poison, { recursive: true });
    }
  });

  test('what was done is in the log and the metrics, by host', async () => {
    const used = await world();
    await used.request({ module: `${host}/Basic`, version: 'v1.0.0' });
    const [run] = await readLog(used.records, `${host}/Basic`, 'v1.0.0');
    expect(run?.entries).toMatchObject([{ message: 'got', url: `go mod download -json ${host}/Basic@v1.0.0` }]);
    expect(await used.metrics.registry.metrics()).toMatch(
      /gocenter_fetches_total\{host="git.example.test",outcome="ok"\} [1-9]/,
    );
  });

  test('an authority that is not known makes it unavailable', async () => {
    const used = await world({ ORIGIN_CA_FILE: '' });
    const fault = await faultOf(used.request({ module: `${host}/Basic`, version: 'v1.0.0' }));
    expect(fault.kind).toBe('unavailable');
    expect(fault.message).toMatch(/x509|certificate/);
  });
});

describe.skipIf(!(hasGit && hasOpenssl))('an upstream by https (needs git and openssl)', () => {
  const upstream = (environment: Record<string, string> = {}) =>
    world({ UPSTREAM: `https://${host}/proxy`, ALLOW_PRIVATE_ORIGINS: '', ...environment });

  test('is trusted by ORIGIN_CA_FILE, and reached by its name at the address that was looked up', async () => {
    const used = await upstream();
    expect(await used.processor.origin.list('example.com/m')).toEqual(['v1.0.0']);
  });

  test('is unavailable when its authority is not known', async () => {
    const used = await upstream({ ORIGIN_CA_FILE: '' });
    expect((await faultOf(used.processor.origin.list('example.com/m'))).kind).toBe('unavailable');
  });

  test('is refused when it redirects to plain http', async () => {
    const used = await upstream();
    const fault = await faultOf(used.processor.origin.list('example.com/plain'));
    expect(fault).toMatchObject({ kind: 'refused', message: expect.stringContaining('plain http') });
  });
});

test.runIf(hasGit && hasOpenssl)(
  'direct without go says that go is not installed (needs git and openssl)',
  async () => {
    const used = await createWorld(
      { UPSTREAM: 'direct', ORIGIN_CA_FILE: origin.caFile },
      { lookup: origin.lookup, path: tmpdir() },
    );
    worlds.push(used);
    const fault = await faultOf(used.request({ module: `${host}/Basic`, version: 'v1.0.0' }));
    expect(fault).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('go is not installed here') });
  },
);
