import { describe, expect, it } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { parseSumdb } from '../../services/sumdb/key.ts';
import { createSigner } from './log.ts';

const goKey = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';

describe('parseSumdb reads what GOSUMDB may hold', () => {
  const own = createSigner('sums.example.com/team').verifierKey;
  const golang = { name: 'sum.golang.org', verifierKey: goKey };

  it.each([
    ['sum.golang.org', { ...golang, url: 'https://sum.golang.org' }],
    [goKey, { ...golang, url: 'https://sum.golang.org' }],
    ['sum.golang.google.cn', { ...golang, url: 'https://sum.golang.google.cn' }],
    ['sum.golang.org  https://mirror.example/sumdb/', { ...golang, url: 'https://mirror.example/sumdb' }],
    [` ${own} `, { name: 'sums.example.com/team', verifierKey: own, url: 'https://sums.example.com/team' }],
    [`${own} http://127.0.0.1:8000`, { name: 'sums.example.com/team', verifierKey: own, url: 'http://127.0.0.1:8000' }],
    ['off', undefined],
  ])('%s', (text, expected) => {
    expect(parseSumdb(text)).toEqual(expected);
  });

  it.each([
    ['', 'missing'],
    ['   ', 'missing'],
    ['sum.example.com', 'not known'],
    ['sum.golang.google.cn https://x.example', 'not known'],
    ['constructor', 'not known'],
    ['sum.golang.org https://a.example https://b.example', 'more than a key and an address'],
    ['sum.golang.org mirror.example', 'must begin with https://'],
    ['sum.golang.org file:///srv/sums', 'must begin with https://'],
    ['sum.golang.org https://a.example/?q=1', 'must begin with https://'],
    [goKey.replace('033de0ae', '033de0af'), 'damaged'],
    [goKey.replace('Ac4z', 'Ac4y'), 'damaged'],
    [goKey.slice(0, -1), 'malformed'],
    [goKey.replace('033de0ae', '33de0ae'), 'malformed'],
    [createSigner('a/../b').verifierKey, 'host[/path]'],
    [createSigner('a//b').verifierKey, 'host[/path]'],
    [createSigner('a/').verifierKey, 'host[/path]'],
    [createSigner('/a').verifierKey, 'host[/path]'],
    [createSigner('user@a').verifierKey, 'host[/path]'],
    [createSigner('a?b').verifierKey, 'host[/path]'],
    [createSigner('a/b#c').verifierKey, 'host[/path]'],
    [createSigner('a/%2e').verifierKey, 'host[/path]'],
    [createSigner('a/.tmp').verifierKey, 'host[/path]'],
  ])('refuses %j', (text, reason) => {
    const parse = () => parseSumdb(text);
    expect(parse).toThrow(Fault);
    expect(parse).toThrow(expect.objectContaining({ kind: 'invalid', message: expect.stringContaining(reason) }));
  });
});
