import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../services/config.ts';

const given = { UPSTREAM: 'https://proxy.example', SUMDB: 'off' };

const faultsOf = (environment: Record<string, string>) => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

describe('the configuration', () => {
  it('reads durations as milliseconds, sizes as bytes and lists as lists', () => {
    const config = readConfig({
      ...given,
      FETCH_TIMEOUT: '2m',
      HOT_CACHE_BYTES: '1 GiB',
      PRIVATE_MODULES: 'a.example, b.example,',
    });
    expect(config).toMatchObject({
      FETCH_TIMEOUT: 120_000,
      HOT_CACHE_BYTES: 2 ** 30,
      PRIVATE_MODULES: ['a.example', 'b.example'],
    });
  });

  it('takes what is empty as not given, and the machine’s defaults before those of the schema', () => {
    expect(readConfig({ ...given, PORT: '', SUMDB: '' }, { SUMDB: 'sum.golang.org' })).toMatchObject({
      PORT: 8080,
      SUMDB: 'sum.golang.org',
    });
  });

  it('takes no version in PRIVATE_MODULES, which would match nothing and hide nothing', () => {
    expect(faultsOf({ ...given, PRIVATE_MODULES: 'corp.example@v1.0.0', DENY: 'corp.example@v1.0.0' })).toEqual([
      'PRIVATE_MODULES="corp.example@v1.0.0" has corp.example@v1.0.0: privacy is of whole modules, so write no version',
    ]);
  });

  it('names every fault at once, each with its variable, its value and what to write', () => {
    const faults = faultsOf({
      PORT: '99999',
      FETCH_TIMEOUT: '60',
      HOT_CACHE_BYTES: 'lots',
      REQUIRE_TOKEN: 'yes',
      ORIGIN_URL: 'ftp://x',
      TRUSTED_PROXIES: '10.0.0.0/99',
      LOG_LEVEL: 'loud',
      LIST_TTL: '5h',
      SUMDB: 'off',
      PRIVATE_MODULES: 'corp.example, [a',
      DENY: 'a@b@c',
      OWN_HOSTS: 'http://a',
      ALLOW_PRIVATE_ORIGINS: '10.0.0.0/8',
    });
    expect(faults).toEqual([
      'PORT="99999" must be a whole number from 0 to 65535',
      'ORIGIN_URL="ftp://x" must be an address that begins with http:// or https://',
      expect.stringMatching(/^UPSTREAM is missing: /),
      'PRIVATE_MODULES="corp.example, [a" has [a, which is no pattern such as corp.example/team or *.corp.example',
      'REQUIRE_TOKEN="yes" must be true or false',
      'TRUSTED_PROXIES="10.0.0.0/99" has 10.0.0.0/99, which is no address range',
      'FETCH_TIMEOUT="60" must be a duration such as 500ms, 60s, 10m or 3d',
      'HOT_CACHE_BYTES="lots" must be a size such as 65536, 64KiB or 256MiB',
      'LIST_TTL="5h" must be from 0s to 1h',
      'ALLOW_PRIVATE_ORIGINS="10.0.0.0/8" has 10.0.0.0/8, which is no host such as git.corp.example or git.corp.example:8443',
      'OWN_HOSTS="http://a" has http://a, which is no host such as git.corp.example or git.corp.example:8443',
      'DENY="a@b@c" has a@b@c, which is no pattern such as corp.example/team or *.corp.example',
      'LOG_LEVEL="loud" must be one of debug, info, warn, error, silent',
    ]);
  });
});
