import * as k8s from '@pulumi/kubernetes';
import { ComponentResource, type ComponentResourceOptions, type Input, output } from '@pulumi/pulumi';
import type { Backends } from '../backends.ts';
import { mapValues } from '../map-values.ts';
import { poolOf, type SecretName, type ServiceName, secretFiles } from '../services.ts';
import type { Stage } from '../stage.ts';
import { dataFolder, environmentOf, homeFolder } from './environment.ts';
import { Gateway } from './gateway.ts';
import { labels } from './labels.ts';
import { namespaceName } from './names.ts';
import { Namespace } from './namespace.ts';
import * as network from './network.ts';
import { adminPort } from './pod.ts';
import { queueQueries, requestQuery } from './queries.ts';
import { prometheusAuthentication, type Scale } from './scale.ts';
import { callersOf, type ServiceShape, shapes } from './services.ts';
import { type Image, mebibytes, size } from './units.ts';
import { Workload } from './workload.ts';

/** Share of its CPU request at which a service gets another pod: the rest is for the time that the pod takes to come. */
const busy = 65;

export interface PlatformArgs {
  stage: Stage;
  backends: Backends;
}

/** Every service of the stage in one guarded namespace, and the way in. KEDA's kinds must be known: see charts.ts. */
export class Platform extends ComponentResource {
  readonly namespace: Namespace;
  readonly workloads: Readonly<Record<ServiceName, Workload>>;

  constructor(name: string, args: PlatformArgs, options?: ComponentResourceOptions) {
    super('gocenter:workloads:Platform', name, {}, options);
    const { stage, backends } = args;
    const { pods, largestPod, ...quota } = stage.namespace;
    this.namespace = new Namespace(
      namespaceName,
      { name: namespaceName, owner: stage.owner, stage: stage.name, quota: { pods, ...quota }, largest: largestPod },
      { parent: this },
    );
    const { namespace } = this.namespace;
    const common = labels('gocenter', 'platform', stage.owner, stage.name);

    const priority = (pool: 'serving' | 'workers', value: number, description: string) =>
      new k8s.scheduling.v1.PriorityClass(
        `gocenter-${pool}`,
        { metadata: { name: `gocenter-${pool}`, labels: common }, value, globalDefault: false, description },
        { parent: this },
      );
    const priorities = [
      priority('serving', 100_000, 'Somebody waits for the answer.'),
      priority('workers', 10_000, 'Works on messages, which can wait.'),
    ];

    const authentication = prometheusAuthentication('prometheus', common, this);

    this.workloads = mapValues(shapes, (shape, service) => {
      const values = stage.services[service];
      const pool = poolOf[service] === 'workers' ? 'workers' : 'serving';
      return new Workload(
        service,
        {
          namespace,
          service,
          owner: stage.owner,
          stage: stage.name,
          image: imageOf(backends, values.image),
          pool,
          tainted: pool === 'workers',
          identity: shape.reach.includes('google') ? backends.identities[service] : undefined,
          environment: environmentOf(service, stage, backends),
          secrets: (Object.keys(secretFiles) as SecretName[])
            .filter(secret => (secretFiles[secret].readers as readonly ServiceName[]).includes(service))
            .map(secret => ({ ...secretFiles[secret], version: backends.secrets[secret] })),
          ports: shape.port ? { [shape.port.name]: shape.port.number } : {},
          resources: values,
          scratch: [
            { path: homeFolder, size: size(Math.floor(mebibytes(values.disk) * 0.7)) },
            { path: dataFolder, size: size(Math.floor(mebibytes(values.disk) * 0.2)) },
          ],
          scale: scaleOf(shape, values.replicas),
          prometheus: { url: backends.prometheus.url, authentication },
          traffic: trafficOf(service, shape, stage, backends),
          database: databaseOf(shape, stage, backends),
          // The catalogue's schema is made by the program that reads it.
          first: shape.reach.includes('database')
            ? { command: 'migrate', egress: databaseTraffic(backends) }
            : undefined,
          watchesCluster: shape.reach.includes('kubernetes'),
          lameDuck: shape.lameDuck,
          drain: shape.drain,
          priority: `gocenter-${pool}`,
        },
        { parent: this, dependsOn: [this.namespace, ...priorities] },
      );
    });
    const cdn = stage.services.proxy.variables.REQUIRE_TOKEN !== 'true';
    new Gateway(
      'gocenter',
      { namespace, labels: common, edge: backends.edge, cdn },
      { parent: this, dependsOn: this.namespace },
    );
    this.registerOutputs({ namespace });
  }
}

function scaleOf({ scale }: ServiceShape, replicas: { min: number; max: number }): Scale {
  if (scale.on === 'cpu') return { ...scale, ...replicas, percent: busy };
  if (scale.on === 'requests') return { ...scale, ...replicas, percent: busy, query: requestQuery() };
  return { ...scale, ...replicas, ...queueQueries(scale.subscription) };
}

function trafficOf(service: ServiceName, shape: ServiceShape, stage: Stage, backends: Backends): network.Traffic {
  const { port, reach } = shape;
  const callers = callersOf(service);
  const ingress = port
    ? [
        ...(callers.length > 0 ? [network.fromWorkloads(callers, port.number)] : []),
        ...(shape.public ? [network.fromLoadBalancer(port.number), network.fromLoadBalancer(adminPort)] : []),
        ...(shape.alerted ? [network.fromMonitoring(port.number)] : []),
      ]
    : [];
  const called = shape.calls.flatMap(callee => {
    const target = shapes[callee].port;
    return target ? [network.toWorkload(callee, target.number)] : [];
  });
  const vulndb = reach.includes('vulndb') && isAddress(stage.services[service].variables.VULNDB);
  return {
    ingress,
    egress: [
      ...called,
      ...(reach.includes('google') ? network.toGoogle(backends.googleApis) : []),
      ...(reach.includes('database') ? [toDatabase(backends)] : []),
      ...(reach.includes('kubernetes') ? [network.toApiServer(stage.network.controlPlane)] : []),
      ...(reach.includes('world') || vulndb ? [network.toWorld()] : []),
    ],
  };
}

/** Not a folder. */
const isAddress = (vulndb = '') => vulndb.includes('://');

const toDatabase = (backends: Backends) => network.toDatabase(backends.database.range, databasePort(backends));

/** Of who needs nothing else: an Auth Proxy asks Google who it is, and where the database. */
const databaseTraffic = (backends: Backends) => [
  ...(backends.database.connectionName === undefined ? [] : network.toGoogle(backends.googleApis)),
  toDatabase(backends),
];

/** Of the Auth Proxy's connections, or PostgreSQL's own where there is no Auth Proxy. */
const databasePort = ({ database }: Backends) => (database.connectionName === undefined ? database.port : 3307);

function databaseOf({ reach }: ServiceShape, stage: Stage, { database, ...backends }: Backends) {
  if (!reach.includes('database') || database.connectionName === undefined) return undefined;
  const image = imageOf(backends, stage.database.proxyImage);
  return { image, instance: database.connectionName, port: database.port };
}

/** By digest: the stage's values have no others. */
const imageOf = ({ images }: Pick<Backends, 'images'>, image: string): Input<Image> =>
  output(images.prefix).apply(prefix => `${prefix}/${image}` as Image);
