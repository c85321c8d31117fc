import { googleBackends } from './cloud/backends.ts';
import { Budget } from './cloud/budget.ts';
import { foundation } from './cloud/foundation.ts';
import { stageFromConfig } from './config.ts';
import { Observability } from './observability/index.ts';
import { Uptime } from './observability/uptime.ts';
import * as providers from './providers.ts';
import { Charts } from './workloads/charts.ts';
import { Platform } from './workloads/platform.ts';

// One stage of GoCenter, from top to bottom.
const stage = stageFromConfig();
const google = providers.google(stage);

// What Google Cloud gives: identities, network, registry, cluster and nodes; then storage, messages, database, analytics,
// secrets, and the edge.
const ground = foundation(stage, google);
const { backends, nameServers: zoneServers } = googleBackends(stage, ground, google);

// What runs on the cluster, and would on any other.
const kubernetes = providers.kubernetes(ground.cluster.endpoint, `${stage.project}/${ground.cluster.location}`);
const inCluster = { provider: kubernetes, dependsOn: ground.nodes };
const { ghcr } = backends.images;
const charts = new Charts('charts', { stage, reader: backends.prometheus.reader, ghcr }, inCluster);
const platform = new Platform(
  'platform',
  { stage, backends },
  { provider: kubernetes, dependsOn: [ground.nodes, charts] },
);
const { namespace } = platform.namespace;

// Who is told of what.
const { runbooks } = stage.alerts;
const observability = new Observability(
  'observability',
  { stage, namespace, runbooks },
  { provider: kubernetes, dependsOn: platform },
);
const onGround = { provider: google, dependsOn: ground.apis };
const { channel } = new Uptime('uptime', stage, onGround);
new Budget('budget', { stage: stage.name, channel, ...stage.budget }, onGround);

/** The line to paste: `go env -w GOPROXY=…`. */
export const goproxy = `https://${stage.dns.proxy}`;
export const page = `https://${stage.dns.page}`;
export const clusterName = ground.cluster.name;
/** BigQuery, with the view `downloads`. */
export const dataset = backends.analytics.dataset;
export const dashboards = observability.dashboards;
/** Where releases are pushed. */
export const images = ground.registry.images;
export const helmCharts = ground.registry.charts;
/** To be written into the DNS zone above the stage's. */
export const nameServers = zoneServers;
/** What origins see the stage as. */
export const egressAddresses = ground.network.egressAddresses;
