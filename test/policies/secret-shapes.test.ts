import { describe, expect, it } from 'vitest';
import { secretIn, secretInFile } from '../../policies/secret-shapes.ts';

/** Made up, and in two halves, so that no scanner of repositories takes them for real ones. */
const join = (...parts: string[]) => parts.join('');

describe('a value is a secret', () => {
  it.each([
    ['-----BEGIN RSA PRIVATE KEY-----\nMII…', 'a private key'],
    ['{"type":"service_account","private_key":"…"}', 'a service-account key'],
    ['postgres://user:made-up@10.0.0.1/db', 'a password within an address'],
    ['redis://:made-up@cache:6379', 'a password within an address'],
    ['Server=db;User=sa;Password=made-up;', 'a connection string with a password'],
    [join('ey', 'JhbGciOiJIUzI1NiJ9', '.ey', 'JzdWIiOiIxMjM0NTY3', '.dozjgNryP4J3jVmNHl0w5N'), 'a JSON Web Token'],
    [join('gh', 'p_0123456789abcdefghijABCDEFGHIJ012345'), 'a GitHub token'],
    [join('gl', 'pat-0123456789abcdefghij'), 'a GitLab token'],
    [join('xo', 'xb-0123456789-abcdefghij'), 'a Slack token'],
    [join('https://hooks.slack', '.com/services/T00000000/B00000000/abcdefghij'), 'a Slack webhook'],
    [join('AI', 'zaSyA0123456789abcdefghijABCDEFGHIJ01'), 'a Google API key'],
    [join('AK', 'IA0123456789ABCDEF'), 'an AWS access key'],
    ['q7Xv2LmZ0pTtR9sYbW4nKc8HjD1fGeUa', 'a random text, as keys and tokens are'],
  ])('by its shape: %s', (value, what) => {
    expect(secretIn('X', value)).toBe(what);
  });

  it.each(['DB_PASSWORD', 'SLACK_TOKEN', 'apiKey', 'client-secret', 'AWS_CREDENTIALS'])('by its name: %s', name => {
    expect(secretIn(name, 'made-up')).toBe('a secret, by its name');
  });
});

describe('a value is no secret', () => {
  it.each([
    ['TOKENS_FILE', '/var/run/secrets/gocenter/tokens.json'],
    ['SECRET', '/var/run/secrets/x'],
    ['REQUIRE_TOKEN', 'true'],
    ['TOKEN', '$(TOKEN)'],
    ['SECRET', 'projects/p/secrets/s/versions/1'],
    ['TOKEN', '30s'],
    ['CATALOGUE', 'postgres://catalogue@127.0.0.1:5432/catalogue'],
    ['IMAGE', `registry/image@sha256:${'0123456789abcdef'.repeat(4)}`],
    ['STORAGE', 'gs://example-gocenter-prod'],
    ['ORIGIN_URL', 'http://processor.gocenter.svc.cluster.local:8070'],
    ['INSTANCE', 'example-gocenter-prod:europe-west1:catalogue'],
    ['COMMIT', '0123456789abcdef0123456789abcdef01234567'],
  ])('%s=%s', (name, value) => {
    expect(secretIn(name, value)).toBeUndefined();
  });
});

it('a file is judged line by line, and certificates in it are public', () => {
  const certificate = `-----BEGIN CERTIFICATE-----\nMIIDq7Xv2LmZ0pTtR9sYbW4nKc8HjD1fGeUaMIIDq7Xv2LmZ0pTtR9sYbW4nKc8\n-----END CERTIFICATE-----\n`;
  expect(secretInFile('ca.crt', certificate)).toBeUndefined();
  expect(secretInFile('config.yaml', `level: info\n${certificate}`)).toBeUndefined();
  expect(secretInFile('config.yaml', 'level: info\ndatabase:\n  password: "made-up"\n')).toBe('a secret, by its name');
  expect(secretInFile('config.yaml', 'level: info\ntokens_file: /var/run/tokens.json\n')).toBeUndefined();
});
