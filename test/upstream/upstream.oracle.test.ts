import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadFixtures, loadProgram, programOutput, startUpstream, type Upstream, writeFiles } from './index.ts';

const hasGo = (() => {
  try {
    return execFileSync('go', ['version']).length > 0;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasGo)('the fixtures to the real go command (needs go)', () => {
  let upstream: Upstream;
  let folder: string;
  beforeAll(async () => {
    upstream = await startUpstream({ modules: await loadFixtures() });
    folder = await mkdtemp(join(tmpdir(), 'fixtures-'));
    await writeFiles(join(folder, 'program'), await loadProgram());
  });
  afterAll(async () => {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });

  const go = (...args: string[]) =>
    promisify(execFile)('go', args, {
      cwd: join(folder, 'program'),
      env: {
        ...process.env,
        GOPROXY: upstream.url,
        GOSUMDB: 'off',
        GOPRIVATE: '',
        GOFLAGS: '-mod=mod -modcacherw',
        GOTOOLCHAIN: 'local',
        GOMODCACHE: join(folder, 'modules'),
      },
    });

  test('are a program that builds and runs with all of them', async () => {
    await go('build', '-o', 'program');
    const { stdout } = await promisify(execFile)(join(folder, 'program', 'program'));
    expect(stdout).toBe(programOutput);
    expect((await go('mod', 'tidy', '-diff')).stdout).toBe('');
  });

  test('are modules whose every version it downloads and verifies', async () => {
    const versions = (await loadFixtures()).map(({ path, version }) => `${path}@${version}`);
    const { stdout } = await go('mod', 'download', '-json', ...versions);
    expect(stdout.match(/"Sum": "h1:/g)).toHaveLength(versions.length);
  });

  test('tell it of retractions, deprecations and branches', async () => {
    expect((await go('list', '-m', '-retracted', '-f', '{{.Retracted}}', 'example.com/text@v1.1.0')).stdout).toContain(
      'It panics.',
    );
    expect((await go('list', '-m', '-u', '-f', '{{.Deprecated}}', 'example.com/old')).stdout).toContain(
      'use example.com/text/v2',
    );
    expect((await go('list', '-m', 'example.com/text@main')).stdout).toContain('v1.2.1-0.20240501101112-0123456789ab');
    expect((await go('list', '-m', 'example.com/text@latest')).stdout).toContain('v1.2.0');
  });
});
