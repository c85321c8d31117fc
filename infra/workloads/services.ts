import type { SubscriptionName } from '../../services/messaging/topics.ts';
import type { ServiceName } from '../services.ts';

/**
 * What a service asks besides other services: Google's interfaces, the database, `world` (HTTPS to any public address),
 * the Kubernetes API; `vulndb` is the world where its VULNDB is an address.
 */
type Reach = 'google' | 'database' | 'world' | 'kubernetes' | 'vulndb';

/** Of a service what is the same on every stage; images, sizes and numbers are in the stage's values. */
export interface ServiceShape {
  /** The port that it is asked on, and the variable that says so; undefined for who only reads messages. */
  port: { name: string; number: number; variable: string } | undefined;
  /** Services that it asks, on their port. Together these are the design's arrows; nobody else gets through. */
  calls: readonly ServiceName[];
  reach: readonly Reach[];
  /** Whether the Gateway leads to it. */
  public: boolean;
  /** Whether managed Alertmanager posts to it. */
  alerted: boolean;
  scale:
    | { on: 'cpu' }
    | { on: 'requests'; each: number }
    | { on: 'queue'; subscription: SubscriptionName; each: number; oldest: number };
  /** Seconds that clients take to notice that it goes: the load balancer more than Services within the cluster. */
  lameDuck: number;
  /** Seconds for what is under way. */
  drain: number;
}

/**
 * Workers are on spot nodes, whose pods have 15 s from the notice to the kill; a message that is not done by then comes
 * again to another. https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms#termination
 */
const worker = { public: false, alerted: false, lameDuck: 2, drain: 8 } as const;
const serving = { public: true, alerted: false, lameDuck: 15 } as const;

export const shapes: Readonly<Record<ServiceName, ServiceShape>> = {
  proxy: {
    ...serving,
    port: { name: 'http', number: 8080, variable: 'PORT' },
    calls: ['processor'],
    reach: ['google'],
    // A tenth of what one core serves from memory: zips and the store take the rest.
    scale: { on: 'requests', each: 2000 },
    drain: 30,
  },
  ui: {
    ...serving,
    port: { name: 'http', number: 8081, variable: 'UI_PORT' },
    calls: ['ui-backend'],
    reach: [],
    scale: { on: 'cpu' },
    drain: 10,
  },
  'ui-backend': {
    ...serving,
    port: { name: 'http', number: 8082, variable: 'API_PORT' },
    // What is to be included is looked for at its origin.
    calls: ['processor'],
    reach: ['google', 'database', 'vulndb'],
    scale: { on: 'cpu' },
    drain: 10,
  },
  processor: {
    ...worker,
    port: { name: 'origin', number: 8070, variable: 'ORIGIN_PORT' },
    calls: [],
    reach: ['google', 'world'],
    // Two rounds of what one fetches at once; a third of the objective of 30 s.
    scale: { on: 'queue', subscription: 'processor', each: 32, oldest: 10 },
  },
  validator: {
    ...worker,
    port: undefined,
    calls: ['processor'],
    reach: ['google'],
    scale: { on: 'queue', subscription: 'validator', each: 16, oldest: 10 },
  },
  discovery: {
    ...worker,
    public: true,
    port: { name: 'hooks', number: 8083, variable: 'DISCOVERY_PORT' },
    calls: ['processor'],
    reach: ['google', 'world'],
    scale: { on: 'cpu' },
  },
  notifier: {
    ...worker,
    public: true,
    alerted: true,
    port: { name: 'hooks', number: 8084, variable: 'NOTIFIER_PORT' },
    // Who uses what was rejected.
    calls: ['ui-backend'],
    reach: ['google', 'world', 'kubernetes'],
    scale: { on: 'cpu' },
  },
};

/** Who asks `service`. */
export const callersOf = (service: ServiceName): ServiceName[] =>
  (Object.keys(shapes) as ServiceName[]).filter(caller => shapes[caller].calls.includes(service));

/** Address of a service for others in the namespace. */
export function urlOf(service: ServiceName): string {
  const { port } = shapes[service];
  if (port === undefined) throw new Error(`${service} has no port that others could ask`);
  return `http://${service}:${port.number}`;
}
