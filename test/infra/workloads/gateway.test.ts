import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway } from '../../../infra/workloads/gateway.ts';
import { labels } from '../../../infra/workloads/labels.ts';
import { shapes } from '../../../infra/workloads/services.ts';
import { declare } from '../cloud/declare.ts';
import { backends } from './fixtures.ts';
import { find, type KubernetesObject, kubernetesObjects } from './objects.ts';

const build = async (cdn: boolean) =>
  kubernetesObjects(
    await declare(
      () =>
        void new Gateway('gocenter', {
          namespace: 'gocenter',
          labels: labels('gocenter', 'platform', 'team-a', 'dev'),
          edge: backends.edge,
          cdn,
        }),
    ),
  );

describe('the Gateway', () => {
  let objects: KubernetesObject[];
  beforeAll(async () => {
    objects = await build(true);
  });

  it('is Google’s global load balancer on the stage’s address, with the certificates of its map', () => {
    const { metadata, spec } = find(objects, 'Gateway', 'gocenter');
    expect(metadata.annotations).toEqual({ 'networking.gke.io/certmap': 'gocenter' });
    expect(spec.gatewayClassName).toBe('gke-l7-global-external-managed');
    expect(spec.addresses).toEqual([{ type: 'NamedAddress', value: 'gocenter' }]);
  });

  it('answers plain HTTP with the way to HTTPS and nothing else', () => {
    const plain = objects.filter(({ kind, spec }) => kind === 'HTTPRoute' && spec.parentRefs[0].sectionName === 'http');
    expect(plain.map(({ spec }) => [spec.hostnames, spec.rules])).toEqual([
      [
        ['proxy.gocenter.example.com', 'gocenter.example.com'],
        [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }] }],
      ],
    ]);
  });

  it('leads each host and path to its service', () => {
    const routes = ['proxy', 'page'].flatMap(route => {
      const { hostnames, rules } = find(objects, 'HTTPRoute', route).spec;
      return rules.flatMap(({ matches, backendRefs: [backend] }: KubernetesObject) =>
        matches.map(({ path }: KubernetesObject) => `${hostnames}${path.value} → ${backend.name}:${backend.port}`),
      );
    });
    expect(routes).toEqual([
      'proxy.gocenter.example.com/ → proxy:8080',
      'gocenter.example.com/hooks/github → discovery:8083',
      'gocenter.example.com/hooks/gitlab → discovery:8083',
      'gocenter.example.com/hooks/gitea → discovery:8083',
      'gocenter.example.com/hooks/ci → notifier:8084',
      'gocenter.example.com/api/ → ui-backend:8082',
      'gocenter.example.com/ → ui:8081',
    ]);
  });

  it('shields, logs and checks every service that it leads to', () => {
    const led = Object.keys(shapes).filter(service => shapes[service as keyof typeof shapes].public);
    for (const kind of ['GCPBackendPolicy', 'HealthCheckPolicy']) {
      const targets = objects.filter(each => each.kind === kind).map(({ spec }) => spec.targetRef.name);
      expect(targets.sort(), kind).toEqual(led.sort());
    }
    for (const service of led) {
      expect(find(objects, 'GCPBackendPolicy', service).spec.default).toMatchObject({
        securityPolicy: 'gocenter',
        logging: { enabled: true, sampleRate: 1_000_000 },
      });
      const { httpHealthCheck } = find(objects, 'HealthCheckPolicy', service).spec.default.config;
      expect(httpHealthCheck).toMatchObject({ port: 8090, requestPath: '/readyz' });
    }
  });

  it('keeps at the edge what the proxy says may be kept, and nothing of the page', () => {
    const { cacheMode, cacheKeyPolicy } = find(objects, 'GCPHTTPFilter', 'cdn').spec.cachePolicy;
    expect(cacheMode).toBe('USE_ORIGIN_HEADERS');
    // Else one client's "not here" would be everybody's.
    expect(cacheKeyPolicy.includedHeaderNames).toContain('Disable-Module-Fetch');
    const [rule] = find(objects, 'HTTPRoute', 'proxy').spec.rules;
    expect(rule.filters[0].extensionRef).toEqual({ group: 'networking.gke.io', kind: 'GCPHTTPFilter', name: 'cdn' });
    for (const { filters } of find(objects, 'HTTPRoute', 'page').spec.rules) expect(filters).toBeUndefined();
  });

  it('keeps nothing where every request needs a token, which the edge could not check', async () => {
    const guarded = await build(false);
    expect(guarded.filter(({ kind }) => kind === 'GCPHTTPFilter')).toEqual([]);
    expect(find(guarded, 'HTTPRoute', 'proxy').spec.rules[0]).not.toHaveProperty('filters');
  });
});
