import { describe, expect, test } from 'vitest';
import { createGuard, isPublicAddress, type Lookup } from '../../../services/processor/net/guard.ts';
import { faultOf } from '../world.ts';

describe('an address is public', () => {
  test.each([
    '8.8.8.8',
    '140.82.121.4',
    '2606:4700::1111',
    '2001:4860:4860::8888',
    '64:ff9b::808:808',
    '::ffff:8.8.8.8',
  ])('%s', address => expect(isPublicAddress(address)).toBe(true));
});

describe('an address is not public', () => {
  test.each([
    ['0.0.0.0', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['100.100.100.200', 'metadata behind carrier-grade NAT'],
    ['169.254.169.254', 'metadata'],
    ['168.63.129.16', 'wire server'],
    ['192.0.0.192', 'protocol assignments'],
    ['192.0.2.1', 'documentation'],
    ['198.18.0.1', 'benchmarking'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'IPv4-mapped'],
    ['::ffff:a00:1', 'IPv4-mapped'],
    ['::ffff:0:127.0.0.1', 'IPv4-translated'],
    ['::127.0.0.1', 'IPv4-compatible'],
    ['64:ff9b::7f00:1', 'NAT64'],
    ['64:ff9b::a9fe:a9fe', 'metadata by NAT64'],
    ['64:ff9b:1::808:808', 'local NAT64'],
    ['2002:7f00:1::', '6to4'],
    ['2001::1', 'Teredo'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local with a zone'],
    ['fec0::1', 'site-local'],
    ['fc00::1', 'unique local'],
    ['fd00:ec2::254', 'metadata'],
    ['ff02::1', 'multicast'],
    ['2001:db8::1', 'documentation'],
    ['100::1', 'discard'],
    ['example.com', 'a name'],
    ['', 'nothing'],
  ])('%s (%s)', address => expect(isPublicAddress(address)).toBe(false));
});

describe('a guard', () => {
  const names: Record<string, string[]> = {
    'public.example': ['8.8.8.8'],
    'private.example': ['10.0.0.1'],
    'mixed.example': ['10.0.0.1', '8.8.8.8', '::1'],
  };
  const lookup: Lookup = async (host, port) => {
    const addresses = names[host];
    if (addresses === undefined) throw new Error('ENOTFOUND');
    return addresses.map(address => ({ address, port }));
  };
  const guard = createGuard({ allow: ['listed.example', '10.0.0.9', 'one.example:8443'], lookup });

  test('gives the public addresses of a name', async () => {
    expect(await guard.resolve('public.example', 443)).toEqual([{ address: '8.8.8.8', port: 443 }]);
    expect(await guard.resolve('mixed.example', 443)).toEqual([{ address: '8.8.8.8', port: 443 }]);
  });

  test.each(['private.example', 'PRIVATE.example.', '10.0.0.1', '[::1]', '::1', '127.0.0.1'])(
    'refuses %s',
    async host => {
      expect((await faultOf(guard.resolve(host, 443))).kind).toBe('refused');
    },
  );

  test('says unavailable of a name that it can’t resolve', async () => {
    expect((await faultOf(guard.resolve('nowhere.example', 443))).kind).toBe('unavailable');
  });

  test('lets listed hosts be private, on the port that is listed if one is', async () => {
    names['listed.example'] = ['127.0.0.1'];
    names['one.example'] = ['127.0.0.1'];
    names['sub.listed.example'] = ['127.0.0.1'];
    expect(await guard.resolve('Listed.example', 80)).toHaveLength(1);
    expect(await guard.resolve('10.0.0.9', 80)).toHaveLength(1);
    expect(await guard.resolve('one.example', 8443)).toHaveLength(1);
    expect((await faultOf(guard.resolve('one.example', 443))).kind).toBe('refused');
    expect((await faultOf(guard.resolve('sub.listed.example', 443))).kind).toBe('refused');
  });

  test('lets configured origins be private, on their own port', async () => {
    const configured = createGuard({
      allow: [],
      configured: [new URL('http://127.0.0.1:3000/x'), new URL('https://[::1]/')],
    });
    expect(await configured.resolve('127.0.0.1', 3000)).toHaveLength(1);
    expect(await configured.resolve('[::1]', 443)).toHaveLength(1);
    expect((await faultOf(configured.resolve('127.0.0.1', 3001))).kind).toBe('refused');
  });
});

test('this repository itself is a loop, whatever its address', async () => {
  const guard = createGuard({ allow: ['go.corp.example'], own: ['Go.Corp.example'], lookup: async () => [] });
  for (const host of ['go.corp.example', 'GO.corp.example.']) {
    expect(await faultOf(guard.resolve(host, 443))).toMatchObject({
      kind: 'loop',
      message: 'go.corp.example is this repository itself',
    });
  }
});
