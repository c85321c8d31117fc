import { type Config, schema } from '../../services/config.ts';
import type { Variable } from '../../services/env.ts';
import { poolNames, poolOf, type ServiceName, serviceNames } from '../services.ts';
import { mebibytes, millicores } from '../workloads/units.ts';
import { type Room, roomOn } from './machines.ts';
import type { ServiceValues, Stage } from './schema.ts';

/** Set by the platform, from what it makes: a stage's values must not contradict it. */
const platformVariables = [
  'ADMIN_PORT',
  'ANALYTICS',
  'API_PORT',
  'API_URL',
  'CATALOGUE',
  'CATALOGUE_PASSWORD_FILE',
  'DATA_DIR',
  'DISCOVERY_PORT',
  'HOOK_SECRETS_FILE',
  'HOST',
  'KUBERNETES_ACCOUNT',
  'KUBERNETES_HEALTH',
  'KUBERNETES_URL',
  'MESSAGING',
  'NOTIFIER_PORT',
  'ORIGIN_PORT',
  'ORIGIN_URL',
  'OWN_HOSTS',
  'PORT',
  'PROXY_PUBLIC_URL',
  'PUBLIC_URL',
  'SHUTDOWN_TIMEOUT',
  'SLACK_CHANNEL',
  'SLACK_TOKEN_FILE',
  'STORAGE',
  'TOKENS_FILE',
  'TRUSTED_PROXIES',
  'UI_PORT',
];

/** Variables that these services must be given alike: what one calls private another would tell to the world. */
const alike: Readonly<Partial<Record<keyof Config, readonly ServiceName[]>>> = {
  INDEX_FEEDS: ['discovery', 'processor'],
  PRIVATE_MODULES: ['proxy', 'processor', 'validator', 'ui-backend', 'notifier'],
  REQUIRE_TOKEN: ['proxy', 'ui-backend'],
};

export function serviceFaults(stage: Stage): string[] {
  const each = serviceNames.flatMap(name => [
    ...sizeFaults(name, stage),
    ...variableFaults(name, stage.services[name]),
    ...reachFaults(name, stage.services[name].variables),
  ]);
  return [...each, ...alikeFaults(stage), ...sumFaults(stage)];
}

const roomOf = ({ cpu, memory, disk }: Pick<ServiceValues, 'cpu' | 'memory' | 'disk'>): Room => ({
  millicores: millicores(cpu.request),
  mebibytes: mebibytes(memory),
  diskMebibytes: mebibytes(disk),
});

/** Mebibytes. A service that has done nothing yet has 140 of its own, measured; the kernel kills what has no more. */
const leastMemory = 192;

/** One pod: within the largest that the namespace takes, and on a node of its pool. */
function sizeFaults(name: ServiceName, { services, namespace: { largestPod }, pools }: Stage): string[] {
  const faults: string[] = [];
  const service = services[name];
  const say = (key: string, fault: string) => faults.push(`services.${name}.${key} ${fault}`);
  const { replicas, cpu, memory, disk } = service;
  if (replicas.min > replicas.max) say('replicas.min', `is ${replicas.min}, more than its max, ${replicas.max}`);
  if (millicores(cpu.request) > millicores(cpu.limit)) say('cpu.request', `is ${cpu.request}, more than its limit`);

  const largest = 'namespace.largestPod';
  if (millicores(cpu.limit) > millicores(largestPod.cpu)) say('cpu.limit', `is ${cpu.limit}, more than ${largest}.cpu`);
  if (mebibytes(memory) < leastMemory)
    say('memory', `is ${memory}: write at least ${leastMemory}Mi, as Node and the code alone take 140Mi`);
  if (mebibytes(memory) > mebibytes(largestPod.memory)) say('memory', `is ${memory}, more than ${largest}.memory`);
  if (mebibytes(disk) > mebibytes(largestPod.disk)) say('disk', `is ${disk}, more than ${largest}.disk`);

  const pool = poolOf[name];
  const node = roomOn(pools[pool]);
  if (!node) return faults;
  const need = roomOf(service);
  const on = (left: number, unit: string) => `a node of pools.${pool} has ${left}${unit} for pods`;
  if (need.millicores > node.millicores) say('cpu.request', `is ${cpu.request}: ${on(node.millicores, 'm')}`);
  if (need.mebibytes > node.mebibytes) say('memory', `is ${memory}: ${on(node.mebibytes, 'Mi')}`);
  if (need.diskMebibytes > node.diskMebibytes) say('disk', `is ${disk}: ${on(node.diskMebibytes, 'Mi')}`);
  return faults;
}

/** A rollout has a quarter more pods for a while (the workloads' maxSurge). */
const withSurge = (replicas: number) => replicas + Math.ceil(replicas / 4);

/** The Job that migrates the catalogue before a rollout has the size of a pod of its service (workloads/first-job.ts). */
const jobs: Readonly<Partial<Record<ServiceName, number>>> = { 'ui-backend': 1 };

/** The Auth Proxy beside the catalogue's only user (workloads/pod.ts). */
const beside: Readonly<Partial<Record<ServiceName, Room>>> = {
  'ui-backend': { millicores: 50, mebibytes: 128, diskMebibytes: 64 },
};

/** All pods together at their most: within the namespace's quota while they roll out, and on the nodes of the pools. */
function sumFaults({ services, namespace, pools }: Stage): string[] {
  const faults: string[] = [];
  const total = (names: readonly ServiceName[], count: (replicas: number, name: ServiceName) => number) => {
    const sum = { pods: 0, millicores: 0, mebibytes: 0, diskMebibytes: 0 };
    for (const name of names) {
      const replicas = count(services[name].replicas.max, name);
      const pods = [roomOf(services[name]), ...(beside[name] ? [beside[name]] : [])];
      sum.pods += replicas;
      for (const key of ['millicores', 'mebibytes', 'diskMebibytes'] as const) {
        sum[key] += replicas * pods.reduce((all, pod) => all + pod[key], 0);
      }
    }
    return sum;
  };
  const all = total(serviceNames, (replicas, name) => withSurge(replicas) + (jobs[name] ?? 0));
  const quota = (key: 'pods' | 'cpu' | 'memory' | 'disk', needed: number, allowed: number, unit: string) => {
    if (needed > allowed) {
      const text = `${Math.ceil(needed)}${unit}`;
      faults.push(
        `namespace.${key} is ${namespace[key]}: the services at their most, with a rollout's surge, need ${text}`,
      );
    }
  };
  quota('pods', all.pods, namespace.pods, '');
  quota('cpu', all.millicores, millicores(namespace.cpu), 'm');
  quota('memory', all.mebibytes, mebibytes(namespace.memory), 'Mi');
  quota('disk', all.diskMebibytes, mebibytes(namespace.disk), 'Mi');

  for (const pool of poolNames) {
    const node = roomOn(pools[pool]);
    if (!node) continue;
    const sum = total(
      serviceNames.filter(name => poolOf[name] === pool),
      replicas => replicas,
    );
    const keys = ['millicores', 'mebibytes', 'diskMebibytes'] as const;
    const nodes = Math.max(...keys.map(key => Math.ceil(sum[key] / node[key])));
    if (nodes > pools[pool].max) {
      faults.push(`pools.${pool}.max is ${pools[pool].max}: its services at their most need ${nodes} nodes`);
    }
  }
  return faults;
}

function alikeFaults({ services }: Stage): string[] {
  return Object.entries(alike).flatMap(([variable, names]) => {
    const given = names.find(name => services[name].variables[variable] !== undefined);
    if (given === undefined) return [];
    const value = services[given].variables[variable];
    return names
      .filter(name => services[name].variables[variable] !== value)
      .map(name => {
        const own = JSON.stringify(services[name].variables[variable]) ?? 'missing';
        return `services.${name}.variables.${variable} is ${own}: it must be ${JSON.stringify(value)}, as services.${given} has it`;
      });
  });
}

/** Out of the cluster goes HTTPS alone (workloads/network.ts). */
function reachFaults(name: ServiceName, { VULNDB }: ServiceValues['variables']): string[] {
  if (VULNDB === undefined || !URL.canParse(VULNDB)) return [];
  const { protocol, port } = new URL(VULNDB);
  if (protocol === 'https:' && port === '') return [];
  return [`services.${name}.variables.VULNDB is ${VULNDB}: pods reach only https:// at port 443`];
}

/** As the service itself would read them, so that it does not start only to say this. */
function variableFaults(name: ServiceName, { variables }: ServiceValues): string[] {
  return Object.entries(variables).flatMap(([key, value]) => {
    const at = `services.${name}.variables.${key}`;
    if (platformVariables.includes(key)) return [`${at} is set by the platform: leave it out`];
    const variable: Variable<unknown> | undefined = schema[key as keyof Config];
    if (!variable) return [`${at} is unknown: services/config.ts has the variables`];
    try {
      variable.parse(value);
      return [];
    } catch (error) {
      return [`${at} is ${JSON.stringify(value)}: it ${(error as Error).message}`];
    }
  });
}
