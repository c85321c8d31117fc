import { describe, expect, test } from 'vitest';
import { parseAutocannon, parseWrk, type Sample } from '../../bench/load.ts';
import { readOptions } from '../../bench/options.ts';
import { report } from '../../bench/report.ts';
import { median, medians } from '../../bench/statistics.ts';
import { verdicts } from '../../bench/targets.ts';

const wrkOutput = `Running 2s test @ http://127.0.0.1:9400/p/a.zip
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    30.11ms   10.34ms  86.62ms   79.10%
    Req/Sec     1.07k    84.30     1.21k    75.00%
  Latency Distribution
     50%  500.00us
     75%   33.24ms
     90%   42.10ms
     99%    1.20s
  2134 requests in 2.00s, 4.17GB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 4
Requests/sec:   1066.57
Transfer/sec:      2.00GB
`;

const sample = (requestsPerSecond: number, p99 = 1): Sample => ({
  requestsPerSecond,
  p99,
  p50: 0.5,
  megabytesPerSecond: 1,
  errors: 0,
  cpu: 10,
  serverCore: 1,
  loadCore: 0.5,
  others: 0,
});

describe('the load generators’ output', () => {
  test('of wrk is read with its units and errors', () => {
    expect(parseWrk(wrkOutput)).toEqual({
      requestsPerSecond: 1066.57,
      megabytesPerSecond: (2 * 1024 ** 3) / 1e6,
      p50: 0.5,
      p99: 1200,
      errors: 7,
    });
    expect(parseWrk(wrkOutput.replace(/.*(errors|Non-2xx).*\n/g, '')).errors).toBe(0);
    expect(() => parseWrk('unable to connect')).toThrow('wrk did not say');
  });

  test('of autocannon is read', () => {
    const output = {
      requests: { average: 10 },
      throughput: { average: 5e6 },
      latency: { p50: 1, p99: 2 },
      errors: 1,
      non2xx: 2,
    };
    expect(parseAutocannon(JSON.stringify(output))).toEqual({
      requestsPerSecond: 10,
      megabytesPerSecond: 5,
      p50: 1,
      p99: 2,
      errors: 3,
    });
  });
});

test('medians are taken field by field', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  expect(medians([sample(1, 9), sample(3, 7), sample(2, 8)])).toMatchObject({ requestsPerSecond: 2, p99: 8 });
});

test('targets are judged against nginx and the peers that are there', () => {
  const warm = { info: { gocenter: sample(60, 2), nginx: sample(100), goproxy: sample(50), other: sample(1) } };
  const cold = { gocenter: { viaServer: 130, direct: 29, overhead: 101, versions: 40 } };
  const results = { warm, cold, memory: { now: 100, peak: 349 } };
  expect(verdicts(results).map(({ target, met }) => [target, met])).toEqual([
    ['info: ≥ 0.6 × nginx', true],
    ['info: ≥ 1.3 × goproxy', false],
    ['info: p99 no worse than goproxy', false],
    ['info: p99 no worse than other', false],
    ['cold overhead ≤ 100 ms', false],
    ['resident memory < 350 MB', true],
  ]);
  const table = report(results);
  expect(table).not.toContain('Other programs');
  const disturbed = { ...warm, info: { ...warm.info, nginx: { ...sample(100), others: 0.5 } } };
  expect(report({ ...results, warm: disturbed })).toMatch(/nginx \| 100 \* [\s\S]*in 1 of these medians/);
  expect(table).toContain('| .info | nginx | 100 | 0.50 | 1.00 | 1.0 | 10.0 | 100 %, 50 % | 0.60 × |');
  expect(table).toContain('| cold overhead ≤ 100 ms | 101.0 ms | not met |');
});

test('options are read, and refused with a sentence', () => {
  expect(readOptions(['--peer', 'a=http://127.0.0.1:1/', '--runs', '3', '--only', 'info,cold'])).toMatchObject({
    peers: [{ name: 'a', url: 'http://127.0.0.1:1' }],
    runs: 3,
    seconds: 5,
    only: ['info', 'cold'],
  });
  expect(() => readOptions(['--peer', 'x'])).toThrow('must look like');
  expect(() => readOptions(['--seconds', '11'])).toThrow('from 1 to 10');
  expect(() => readOptions(['--only', 'nothing'])).toThrow('info');
});
