/**
 * What looks like a secret, by its name and by its shape. The lists are short on purpose: shapes that issuers document,
 * and for the rest the randomness of the text itself. A reference, a path and a public key are no secrets.
 */
const shapes: readonly [what: string, shape: RegExp][] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['a service-account key', /"private_key(?:_id)?"\s*:/],
  ['a password within an address', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@$]+@/i],
  ['a connection string with a password', /\b(?:password|pwd)\s*=\s*[^\s;$]+/i],
  ['a JSON Web Token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})/],
  ['a GitLab token', /\bglpat-[\w-]{20,}/],
  ['a Slack token', /\bxox[abeoprs]-[\w-]{10,}/],
  ['a Slack webhook', /hooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/],
  ['a Google API key', /\bAIza[\w-]{35}\b/],
  ['a Google OAuth token', /\bya29\.[\w-]{20,}/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}\b/],
];

const secretName =
  /(?:^|[_.-])(?:password|passwd|passphrase|secret|token|credentials?|api[_-]?key|private[_-]?key|access[_-]?key)s?$/i;

/** Values that can be no secret, whatever their name: nothing, numbers, switches, durations, paths, references. */
const harmless =
  /^(?:|true|false|\d+(?:\.\d+)?(?:ms|s|m|h|d|[KMGT]i?B?)?|\/\S*|\.{1,2}\/\S*|projects\/\S+|\$[({]\S+[)}])$/i;

/** What the value of that name looks like, or undefined. `name` may be empty. */
export function secretIn(name: string, value: string): string | undefined {
  const found = shapes.find(([, shape]) => shape.test(value));
  if (found) return found[0];
  if (secretName.test(camelToSnake(name)) && !harmless.test(value.trim())) return 'a secret, by its name';
  return hasRandomText(value) ? 'a random text, as keys and tokens are' : undefined;
}

const camelToSnake = (name: string) => name.replaceAll(/([a-z])([A-Z])/g, '$1_$2');

/** `password: …` and the like on a line of a file. */
const assignment = /^\s*["']?([\w.-]+)["']?\s*[:=]\s*["']?([^\s"',]+)["']?,?\s*$/;

/** As `secretIn`, for the text of a file of several lines. */
export function secretInFile(name: string, content: string): string | undefined {
  if (!content.includes('\n')) return secretIn(name, content);
  for (const line of withoutCertificates(content).split('\n')) {
    const [, key = '', value = ''] = assignment.exec(line) ?? [];
    const found = secretIn(key, value) ?? secretIn('', line);
    if (found) return found;
  }
  return undefined;
}

const withoutCertificates = (content: string) =>
  content.replaceAll(/-----BEGIN (CERTIFICATE|PUBLIC KEY)-----[\s\S]*?-----END \1-----/g, '');

/**
 * Base64 of 24 random bytes has about 4.5 bits a character; words, paths and identifiers stay below 4.2 or lack capitals
 * or digits. Hex digits are not judged: they are digests much more often.
 */
function hasRandomText(value: string): boolean {
  const candidates = value.match(/[A-Za-z0-9+/_=-]{32,}/g) ?? [];
  return candidates.some(
    text =>
      /[a-z]/.test(text) &&
      /[A-Z]/.test(text) &&
      /\d/.test(text) &&
      !/^[\w]*(?:-[\w]+){3,}$/.test(text) &&
      entropy(text) > 4.2,
  );
}

/** Shannon's, in bits a character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
