import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Where Go keeps the sources of `path`, a module that `test/tools/<module>` requires. They are fetched once, and checked
 * against its go.sum.
 */
export async function moduleFolder(module: string, path: string): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', path], {
    cwd: join(import.meta.dirname, module),
    env: { ...process.env, GOWORK: 'off', GOFLAGS: '-mod=readonly' },
  });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
