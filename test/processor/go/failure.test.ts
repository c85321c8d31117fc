import { describe, expect, test } from 'vitest';
import { Fault } from '../../../services/errors.ts';
import { goFault } from '../../../services/processor/go/failure.ts';

const folder = '/tmp/gocenter-direct-1-abc';
const git = (last: string) =>
  `example.com/m@v1.0.0: invalid version: git ls-remote -q origin in ${folder}/modcache/cache/vcs/0f: exit status 128:\n\t${last}`;

describe('a message of the go command', () => {
  test.each([
    ['example.com/m@v1.0.0: invalid version: unknown revision v1.0.0', 'not-found'],
    ['module example.com/m: no matching versions for query "latest"', 'not-found'],
    [git("remote: Repository not found.\n\tfatal: repository 'https://example.com/m/' not found"), 'not-found'],
    [git("fatal: could not read Username for 'https://example.com': terminal prompts disabled"), 'not-found'],
    ['unrecognized import path "example.com/m": reading https://example.com/m?go-get=1: 404 Not Found', 'not-found'],
    ['unrecognized import path "example.com/m": reading https://example.com/m?go-get=1: 410 Gone', 'gone'],
    ['unrecognized import path "x.y/m": parse https://x.y/m?go-get=1: no go-import meta tags ()', 'not-found'],
    ['example.com/m@v2.0.0: invalid version: go.mod has non-.../v2 module path "example.com/m"', 'not-found'],
    [
      'go: example.com/m@v2.0.0+incompatible: invalid version: +incompatible suffix not allowed: module contains a go.mod file',
      'not-found',
    ],
    [
      'example.com/m@v1.0.1-0.20240101000000-abcdefabcdef: invalid pseudo-version: preceding tag (v1.0.0) not found',
      'not-found',
    ],
    ["GOVCS disallows using hg for public example.com/m; see 'go help vcs'", 'refused'],
    ['unrecognized import path "x.y/m": reading https://x.y/m?go-get=1: 403 Forbidden', 'refused'],
    [git("fatal: transport 'http' not allowed"), 'refused'],
    [git("fatal: unable to access 'https://example.com/m/': Failed to connect to example.com port 443"), 'unavailable'],
    [git("fatal: unable to access 'https://example.com/m/': The requested URL returned error: 503"), 'unavailable'],
    [git('fatal: the remote end hung up unexpectedly'), 'unavailable'],
    [
      'unrecognized import path "x.y/m": https fetch: Get "https://x.y/m?go-get=1": tls: failed to verify certificate: x509: unknown authority',
      'unavailable',
    ],
    ['unrecognized import path "x.y/m": reading https://x.y/m?go-get=1: 502 Bad Gateway', 'unavailable'],
    ['go: exec: "git": executable file not found in $PATH', 'unavailable'],
    ['Get "https://x.y/m?go-get=1": net/http: TLS handshake timeout', 'timed-out'],
    [git('error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec transferred'), 'timed-out'],
    ['something that nobody has seen before', 'unavailable'],
    ['', 'unavailable'],
  ])('%j is %s', (text, kind) => {
    const fault = goFault(text, undefined, [folder]);
    expect(fault.kind).toBe(kind);
    expect(fault.message).not.toContain(folder);
    expect(fault.message).not.toBe('');
  });

  test('gives way to a refusal on the way out, and only trouble to trouble', () => {
    const refused = new Fault('refused', 'private');
    const silent = new Fault('timed-out', 'silent');
    expect(goFault('unknown revision', refused, [])).toBe(refused);
    expect(goFault('Get "https://x.y/m": private', silent, [])).toBe(silent);
    expect(goFault('unknown revision', silent, []).kind).toBe('not-found');
  });
});
