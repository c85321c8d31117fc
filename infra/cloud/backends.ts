import type { ProviderResource } from '@pulumi/pulumi';
import type { Backends } from '../backends.ts';
import { labelsOf } from '../providers.ts';
import type { Stage } from '../stage.ts';
import { Analytics } from './analytics.ts';
import { Database } from './database.ts';
import { Edge } from './edge.ts';
import type { Foundation } from './foundation.ts';
import { Messaging } from './messaging.ts';
import { googleApis } from './network.ts';
import { Secrets } from './secrets.ts';
import { Storage } from './storage.ts';

/** What the workloads keep things in and are reached by, of Google's services. The other way round of infra/backends.ts. */
export function googleBackends(stage: Stage, on: Foundation, provider: ProviderResource) {
  const { project, region, dns } = stage;
  const { identities, apis, network, registry } = on;
  const { members } = identities;
  const labels = labelsOf(stage);
  const opts = { provider, dependsOn: apis };

  const storage = new Storage('storage', { base: project, members, labels, ...stage.storage }, opts);
  const messaging = new Messaging(
    'messaging',
    {
      members,
      operators: [identities.operators],
      serviceAgent: apis.agents.pubsub,
      regions: [region],
      labels,
      ...stage.messaging,
    },
    opts,
  );
  const secrets = new Secrets('secrets', { region, members, labels }, opts);
  const database = new Database(
    'database',
    {
      project,
      region,
      network: network.databaseNetwork,
      users: { 'ui-backend': members['ui-backend'] },
      passwordSecret: secrets.ids['catalogue-password'],
      values: stage.database,
      labels,
    },
    opts,
  );
  const analytics = new Analytics(
    'analytics',
    {
      project,
      proxyHost: dns.proxy,
      writer: members.proxy,
      reader: members['ui-backend'],
      transferAgent: apis.agents.bigquerydatatransfer,
      values: stage.analytics,
      labels,
    },
    opts,
  );
  const edge = new Edge('edge', { domain: dns.domain, hosts: [dns.proxy, dns.page], labels, ...stage.edge }, opts);

  const backends: Backends = {
    project,
    region,
    identities: identities.emails,
    storage: { base: project, buckets: storage.buckets },
    messaging: { project, topics: messaging.topics, subscriptions: messaging.subscriptions },
    database: {
      connectionName: database.connectionName,
      host: '127.0.0.1',
      port: 5432,
      name: database.database,
      user: database.user,
      range: stage.network.databases,
    },
    analytics: { project, dataset: analytics.dataset, downloads: analytics.downloads },
    images: { prefix: registry.images, ghcr: registry.ghcr },
    secrets: secrets.versions,
    edge: {
      proxyHost: dns.proxy,
      pageHost: dns.page,
      address: edge.addressName,
      ip: edge.address,
      certificateMap: edge.certificateMap,
      securityPolicy: edge.securityPolicy,
      tlsPolicy: edge.tlsPolicy,
    },
    prometheus: {
      url: `https://monitoring.googleapis.com/v1/projects/${project}/location/global/prometheus`,
      reader: identities.scaler.email,
    },
    googleApis: [googleApis],
  };
  return { backends, nameServers: edge.nameServers };
}
