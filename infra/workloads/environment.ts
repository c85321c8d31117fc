import { type Input, interpolate } from '@pulumi/pulumi';
import type { Backends } from '../backends.ts';
import type { ServiceName } from '../services.ts';
import type { Stage } from '../stage.ts';
import { loadBalancers } from './network.ts';
import { shapes, urlOf } from './services.ts';

type Environment = Record<string, Input<string>>;

/**
 * The variables of a service, as services/config.ts knows them: first what the platform knows, then what the stage's
 * values add. Secrets are files, so none is here.
 */
export function environmentOf(service: ServiceName, stage: Stage, backends: Backends): Environment {
  const { port } = shapes[service];
  const { messaging, storage, analytics, database, edge } = backends;
  const kept = { STORAGE: interpolate`gs://${storage.base}`, MESSAGING: interpolate`pubsub:${messaging.project}` };
  const page = { PUBLIC_URL: `https://${edge.pageHost}`, PROXY_PUBLIC_URL: `https://${edge.proxyHost}` };
  const origin = { ORIGIN_URL: urlOf('processor') };
  const api = { API_URL: urlOf('ui-backend') };
  // Fetching from ourselves would be a loop.
  const own = { OWN_HOSTS: [edge.proxyHost, edge.pageHost].join(',') };
  const downloads = { ANALYTICS: interpolate`bigquery:${analytics.project}/${analytics.dataset}` };
  const trusted = interpolate`${[...loadBalancers, stage.network.pods].join(',')},${edge.ip}`;
  // The load balancer writes the client's address and then its own into X-Forwarded-For.
  const forwarded = { TRUSTED_PROXIES: trusted };

  const particular: Readonly<Record<ServiceName, Environment>> = {
    proxy: { ...kept, ...origin, ...forwarded, ...downloads },
    ui: { ...page, ...forwarded, ...api },
    'ui-backend': {
      ...kept,
      ...page,
      ...origin,
      ...forwarded,
      CATALOGUE: interpolate`postgres://${database.user}@${database.host}:${database.port}/${database.name}`,
      ...downloads,
      // Watches are not taken into the operators' channel.
      SLACK_CHANNEL: stage.alerts.slackChannel,
    },
    // Its port is on loopback unless an address is given; the NetworkPolicy says who may ask.
    processor: { ...kept, ...own, HOST: '0.0.0.0' },
    validator: { ...kept, ...origin },
    discovery: { ...kept, ...origin, ...own },
    notifier: { ...kept, ...page, ...api, KUBERNETES_HEALTH: 'true', SLACK_CHANNEL: stage.alerts.slackChannel },
  };
  return {
    ...(port && { [port.variable]: String(port.number) }),
    DATA_DIR: dataFolder,
    // go and git keep their settings and caches at home.
    HOME: homeFolder,
    ...particular[service],
    ...stage.services[service].variables,
  };
}

export const dataFolder = '/var/lib/gocenter';
/** The user's home, and where temporary files are. */
export const homeFolder = '/tmp';
