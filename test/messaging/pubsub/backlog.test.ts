import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFigures } from '../../../services/messaging/pubsub/backlog.ts';

const series = (figures: Record<string, string[]>) => ({
  timeSeries: Object.entries(figures).map(([id, values]) => ({
    resource: { type: 'pubsub_subscription', labels: { subscription_id: id } },
    points: values.map(int64Value => ({ value: { int64Value } })),
  })),
});

describe('the backlog as Cloud Monitoring knows it', () => {
  let server: Server;
  let requests: IncomingMessage[];
  let answer: (url: URL) => [status: number, body: unknown];
  beforeEach(async () => {
    requests = [];
    server = createServer((req, res) => {
      requests.push(req);
      const [status, body] = answer(new URL(req.url ?? '', 'http://monitoring'));
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    answer = ({ searchParams }) =>
      searchParams.get('filter')?.includes('num_undelivered_messages')
        ? [200, series({ processor: ['7', '100'], 'processor.dead': ['2'] })]
        : [200, series({ processor: ['41', '1'] })];
  });
  afterEach(() => new Promise(resolve => server.close(resolve)));

  const open = (cache = 60_000) =>
    createFigures({
      project: 'acme',
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      headers: async url => ({ authorization: `Bearer for ${new URL(url).pathname}` }),
      cache,
    });

  test('is asked for by two requests, with credentials, over the last minutes; the newest point counts', async () => {
    expect(await open()('processor')).toEqual({ depth: 7, oldestAge: 41 });
    expect(requests).toHaveLength(2);
    for (const { method, url = '', headers } of requests) {
      const { pathname, searchParams } = new URL(url, 'http://monitoring');
      expect([method, pathname]).toEqual(['GET', '/v3/projects/acme/timeSeries']);
      expect(headers.authorization).toBe('Bearer for /v3/projects/acme/timeSeries');
      expect(searchParams.get('filter')).toMatch(
        /^metric\.type = "pubsub\.googleapis\.com\/subscription\/\w+" AND resource\.type = "pubsub_subscription"$/,
      );
      const [start, end] = ['startTime', 'endTime'].map(name => Date.parse(searchParams.get(`interval.${name}`) ?? ''));
      expect((end ?? 0) - (start ?? 0)).toBe(600_000);
      expect(Math.abs((end ?? 0) - Date.now())).toBeLessThan(10_000);
    }
  });

  test('is asked for once for all subscriptions while it is fresh', async () => {
    const figures = open();
    expect(await Promise.all([figures('processor'), figures('processor.dead')])).toEqual([
      { depth: 7, oldestAge: 41 },
      { depth: 2, oldestAge: 0 },
    ]);
    await figures('processor');
    expect(requests).toHaveLength(2);
  });

  test('is unavailable, not zero, where there is no point yet', async () => {
    await expect(open()('validator')).rejects.toThrow(
      'Cloud Monitoring has no figures of the subscription validator yet',
    );
  });

  test.each([
    [403, 'grant this service’s identity roles/monitoring.viewer'],
    [503, 'HTTP status 503'],
  ])('an answer of %d is said, and not remembered', async (status, said) => {
    const right = answer;
    answer = () => [status, {}];
    const figures = open();
    await expect(figures('processor')).rejects.toThrow(`Cloud Monitoring does not tell the backlog: ${said}`);
    answer = right;
    expect((await figures('processor')).depth).toBe(7);
  });
});
