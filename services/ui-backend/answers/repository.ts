/** Hosts where a repository is the first two elements of a path. */
const forges = new Set(['github.com', 'gitlab.com', 'bitbucket.org', 'codeberg.org', 'gitee.com', 'git.sr.ht']);

/** Where a module's source is, for people: what its origin tells, else what its path does. https or undefined. */
export function repositoryOf(module: string, vcsUrl: string | undefined): string | undefined {
  const told = vcsUrl && URL.canParse(vcsUrl) ? new URL(vcsUrl) : undefined;
  if (told?.protocol === 'https:' && told.username === '' && told.password === '') {
    return told.href.replace(/\.git$/, '');
  }
  const [host = '', first, second] = module.split('/');
  if (forges.has(host) && first && second) return `https://${host}/${first}/${second.replace(/\.git$/, '')}`;
  if (module.startsWith('golang.org/x/') && second) return `https://go.googlesource.com/${second}`;
  return undefined;
}
