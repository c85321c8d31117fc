import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const hasGit = spawnSync('git', ['--version']).status === 0;

/** A commit on `branch` (main by default) with the whole content of the tree, and the tags that it gets. */
export interface Commit {
  files: Record<string, string>;
  tags?: readonly string[];
  branch?: string;
}

/** Makes a bare git repository at `<root>/<name>` with these commits, a day apart from 2024-01-01. */
export function createRepository(root: string, name: string, commits: readonly Commit[]): void {
  const work = join(root, `${name}.work`);
  mkdirSync(work, { recursive: true });
  commits.forEach(({ files, tags = [], branch = 'main' }, day) => {
    const date = new Date(Date.UTC(2024, 0, 1 + day, 12)).toISOString();
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: work,
        stdio: 'pipe',
        env: {
          PATH: process.env.PATH ?? '',
          HOME: work,
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_AUTHOR_NAME: 'Test',
          GIT_AUTHOR_EMAIL: 'test@example.test',
          GIT_COMMITTER_NAME: 'Test',
          GIT_COMMITTER_EMAIL: 'test@example.test',
          GIT_AUTHOR_DATE: date,
          GIT_COMMITTER_DATE: date,
        },
      });
    if (day === 0) git('init', '--quiet', '--initial-branch', branch);
    else git('checkout', '--quiet', '-B', branch);
    git('rm', '-r', '-q', '--ignore-unmatch', '.');
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), content);
    }
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '-m', `day ${day}`);
    for (const tag of tags) git('tag', tag);
  });
  execFileSync('git', ['clone', '--quiet', '--bare', work, join(root, name)], { stdio: 'pipe' });
  rmSync(work, { recursive: true });
}
