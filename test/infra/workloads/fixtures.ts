import type { Backends } from '../../../infra/backends.ts';
import { serviceNames } from '../../../infra/services.ts';
import { type SubscriptionName, subscriptions, type TopicName, topics } from '../../../services/messaging/topics.ts';

const record = <K extends string>(keys: readonly K[], make: (key: K) => string) =>
  Object.fromEntries(keys.map(key => [key, make(key)])) as Record<K, string>;

/** What infra/cloud would make, made up. */
export const backends: Backends = {
  project: 'p',
  region: 'europe-west1',
  identities: record(serviceNames, name => `${name}@p.example`),
  storage: { base: 'p-gocenter', buckets: { published: 'a', quarantine: 'b', records: 'c' } },
  messaging: {
    project: 'project',
    topics: record(Object.keys(topics) as TopicName[], name => name),
    subscriptions: record(Object.keys(subscriptions) as SubscriptionName[], name => name),
  },
  database: {
    connectionName: 'p:europe-west1:catalogue',
    host: '127.0.0.1',
    port: 5432,
    name: 'catalogue',
    user: 'ui-backend',
    range: '10.16.33.0/24',
  },
  analytics: { project: 'p', dataset: 'analytics', downloads: 'downloads' },
  images: { prefix: 'europe-west1-docker.pkg.dev/p/images', ghcr: 'europe-west1-docker.pkg.dev/p/ghcr' },
  secrets: record(
    ['tokens', 'catalogue-password', 'slack-token', 'hook-secrets'],
    name => `projects/p/secrets/${name}/versions/latest`,
  ),
  edge: {
    proxyHost: 'proxy.gocenter.example.com',
    pageHost: 'gocenter.example.com',
    address: 'gocenter',
    ip: '203.0.113.7',
    certificateMap: 'gocenter',
    securityPolicy: 'gocenter',
    tlsPolicy: 'gocenter',
  },
  prometheus: {
    url: 'https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus',
    reader: 'keda@p.example',
  },
  googleApis: ['199.36.153.8/30'],
};
