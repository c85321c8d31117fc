/** What a request's User-Agent says of who asks. */
export interface Client {
  client: string;
  clientVersion: string;
  ci: boolean;
}

/** Repositories and crawlers that copy modules: their downloads are nobody's use. In lower case. */
export const mirrors = [
  'gomodulemirror',
  'athens',
  'goproxy',
  'artifactory',
  'nexus',
  'cloudsmith',
  'pulp',
  'gocenter',
];

/** Programs that update or build for others. RE2 reads it as JavaScript does. */
export const machines = /\b(?:ci|renovate|dependabot|jenkins|buildkite|teamcity|gitlab-runner|github-actions)\b/i;

/**
 * The go command says `Go-http-client/1.1` or `/2.0`, whatever Go's version. Anything that begins like a product of
 * RFC 9110, section 10.1.5, has its name and version read; only names known here are kept, so that nobody can fill the
 * tables with names of their own.
 */
export function readClient(userAgent: string): Client {
  const [, product = '', version = ''] = /^([A-Za-z][\w.-]{0,40})(?:\/(\d[\w.-]{0,20}))?/.exec(userAgent) ?? [];
  const name = product.toLowerCase();
  const known = Object.hasOwn(names, name) ? names[name] : undefined;
  const client = known ?? (mirrors.includes(name) ? name : 'other');
  return {
    client,
    clientVersion: client === 'other' || client === 'browser' ? '' : version,
    ci: machines.test(userAgent.slice(0, 512)),
  };
}

/** Programs that are told apart, by the name in lower case that they give. */
export const names: Readonly<Record<string, string>> = {
  'go-http-client': 'go',
  go: 'go',
  mozilla: 'browser',
  curl: 'curl',
  wget: 'wget',
};
