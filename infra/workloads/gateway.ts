import * as k8s from '@pulumi/kubernetes';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import type { Backends } from '../backends.ts';
import type { ServiceName } from '../services.ts';
import type { Labels } from './labels.ts';
import { adminPort } from './pod.ts';
import { shapes } from './services.ts';

export interface GatewayArgs {
  namespace: Input<string>;
  labels: Labels;
  edge: Backends['edge'];
  /**
   * Whether Google's edge may keep answers. Not where every request needs a token: the edge can't check one, and would give
   * to anybody what the proxy gives to some.
   */
  cdn: boolean;
}

/** Longest answer in seconds, to the last byte: the largest zip (500 MiB) over a line of 8 Mbit/s. */
const longestAnswer = 600;

/** Where requests go, first by host, then by the longest prefix. `/hooks/alerts` is missing: only Alertmanager posts there. */
const pageRoutes: readonly { prefixes: readonly string[]; service: ServiceName }[] = [
  { prefixes: ['/hooks/github', '/hooks/gitlab', '/hooks/gitea'], service: 'discovery' },
  { prefixes: ['/hooks/ci'], service: 'notifier' },
  { prefixes: ['/api/'], service: 'ui-backend' },
  { prefixes: ['/'], service: 'ui' },
];

const gke = 'networking.gke.io/v1';
const gatewayApi = 'gateway.networking.k8s.io/v1';

/**
 * The way in: a global load balancer (TLS from Certificate Manager, Cloud Armor, request log, CDN) with one route a host.
 */
export class Gateway extends ComponentResource {
  constructor(name: string, args: GatewayArgs, options?: ComponentResourceOptions) {
    super('gocenter:workloads:Gateway', name, {}, options);
    const { edge } = args;
    const make = (
      apiVersion: string,
      kind: string,
      object: string,
      spec: object,
      annotations?: Record<string, Input<string>>,
    ) =>
      new k8s.apiextensions.CustomResource(
        `${name}-${kind.toLowerCase()}-${object}`,
        {
          apiVersion,
          kind,
          metadata: {
            name: object,
            namespace: args.namespace,
            labels: args.labels,
            ...(annotations && { annotations }),
          },
          spec,
        },
        { parent: this },
      );

    make(
      gatewayApi,
      'Gateway',
      name,
      {
        gatewayClassName: 'gke-l7-global-external-managed',
        addresses: [{ type: 'NamedAddress', value: edge.address }],
        listeners: [
          { name: 'http', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'Same' } } },
          // Its certificates are the map's.
          { name: 'https', protocol: 'HTTPS', port: 443, allowedRoutes: { namespaces: { from: 'Same' } } },
        ],
      },
      { 'networking.gke.io/certmap': edge.certificateMap },
    );
    make(gke, 'GCPGatewayPolicy', name, {
      default: { sslPolicy: edge.tlsPolicy },
      targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name },
    });
    const listener = (sectionName: 'http' | 'https') => [{ kind: 'Gateway', name, sectionName }];

    make(gatewayApi, 'HTTPRoute', 'to-https', {
      parentRefs: listener('http'),
      hostnames: [edge.proxyHost, edge.pageHost],
      rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }] }],
    });
    if (args.cdn) {
      // What may be kept, and how long, is said by the proxy's Cache-Control: versions for a year, lists for a minute,
      // private modules never. Needs GKE 1.35.2-gke.1751000.
      make(gke, 'GCPHTTPFilter', 'cdn', {
        cachePolicy: {
          cacheMode: 'USE_ORIGIN_HEADERS',
          requestCoalescing: true,
          negativeCaching: false,
          cacheKeyPolicy: {
            includeHost: true,
            includeProtocol: true,
            includeQueryString: true,
            // Another answer to who must not cause a fetch.
            includedHeaderNames: ['Disable-Module-Fetch'],
          },
        },
      });
    }
    const cached = [
      { type: 'ExtensionRef', extensionRef: { group: 'networking.gke.io', kind: 'GCPHTTPFilter', name: 'cdn' } },
    ];
    make(gatewayApi, 'HTTPRoute', 'proxy', {
      parentRefs: listener('https'),
      hostnames: [edge.proxyHost],
      rules: [{ ...rule(['/'], 'proxy'), ...(args.cdn && { filters: cached }) }],
    });
    make(gatewayApi, 'HTTPRoute', 'page', {
      parentRefs: listener('https'),
      hostnames: [edge.pageHost],
      rules: pageRoutes.map(({ prefixes, service }) => rule(prefixes, service)),
    });

    for (const service of ['proxy', ...pageRoutes.map(route => route.service)] as const) {
      const targetRef = { group: '', kind: 'Service', name: service };
      make(gke, 'HealthCheckPolicy', service, {
        targetRef,
        default: {
          checkIntervalSec: 5,
          timeoutSec: 3,
          healthyThreshold: 1,
          unhealthyThreshold: 2,
          logConfig: { enabled: true },
          config: {
            type: 'HTTP',
            httpHealthCheck: { portSpecification: 'USE_FIXED_PORT', port: adminPort, requestPath: '/readyz' },
          },
        },
      });
      make(gke, 'GCPBackendPolicy', service, {
        targetRef,
        default: {
          securityPolicy: edge.securityPolicy,
          // All of them: the download figures count what the edge answers.
          logging: { enabled: true, sampleRate: 1_000_000 },
          timeoutSec: longestAnswer,
          connectionDraining: { drainingTimeoutSec: shapes[service].lameDuck + shapes[service].drain },
        },
      });
    }
    this.registerOutputs({});
  }
}

function rule(prefixes: readonly string[], service: ServiceName) {
  return {
    matches: prefixes.map(value => ({ path: { type: 'PathPrefix', value } })),
    backendRefs: [{ name: service, port: shapes[service].port?.number }],
  };
}
