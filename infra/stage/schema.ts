import Type, { type Static, type TProperties } from 'typebox';
import { serviceNames } from '../services.ts';
import type { Cpu, Size } from '../workloads/units.ts';

/**
 * The shape of a stage's values. Every `description` completes "… must be": it is what a person reads who wrote something
 * else. Days and counts are plain numbers, `cpu` and sizes are written as Kubernetes writes them.
 */
const object = <P extends TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false });
const text = (pattern: string, description: string) => Type.String({ pattern, description });
const whole = (minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description: `a whole number from ${minimum} to ${maximum}` });
const flag = Type.Boolean({ description: 'true or false' });
const one = <const T extends string>(...values: T[]) =>
  Type.Enum(values, { description: `one of ${values.join(', ')}` });

const cpu = Type.Unsafe<Cpu>(text('^[1-9]\\d{0,6}m$', 'millicores such as 250m'));
const size = Type.Unsafe<Size>(text('^[1-9]\\d{0,6}(Mi|Gi)$', 'a size such as 512Mi or 2Gi'));
const range = text('^\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}$', 'an address range such as 10.10.0.0/20');
const label = text('^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$', 'lower-case letters, digits and hyphens, at most 63');
const host = text('^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$', 'a host name such as go.example.com');
const email = text('^[^@\\s:]+@[^@\\s:]+\\.[a-z]+$', 'an e-mail address');
const instant = text('^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$', 'a time such as 2027-01-31T02:00:00Z');
const semver = text('^v?\\d+\\.\\d+\\.\\d+(-[0-9A-Za-z.-]+)?$', 'a full version such as 2.17.0');
const image = text(
  '^[a-z0-9]+([._/-][a-z0-9]+)*@sha256:[0-9a-f]{64}$',
  'an image of the registry of this stage by its digest, such as proxy@sha256:<64 hex digits>',
);
const values = Type.Record(Type.String(), Type.Unknown(), { description: 'a table' });

const amount = object({ cpu, memory: size, disk: size });

const service = object({
  image,
  replicas: object({ min: whole(1, 1000), max: whole(1, 1000) }),
  cpu: object({ request: cpu, limit: cpu }),
  /** Asked for and the most. */
  memory: size,
  /** Ephemeral storage, asked for and the most. */
  disk: size,
  /** Variables of services/config.ts, besides those that the platform sets. */
  variables: Type.Record(Type.String(), Type.String({ description: 'text in quotes' }), { description: 'a table' }),
});

const pool = object({
  machineType: text('^[a-z][a-z0-9]*-[a-z]+-\\d+$', 'a machine type such as n2d-standard-4'),
  /** Nodes of the pool in all zones together. */
  min: whole(0, 1000),
  max: whole(1, 1000),
  diskGb: whole(20, 2000),
  diskType: one('pd-balanced', 'pd-ssd', 'hyperdisk-balanced'),
  /** Cheaper, and taken away at 30 seconds' notice. */
  spot: flag,
});

const chart = { repository: text('^(https|oci)://\\S+$', 'an https:// or oci:// address'), version: semver, values };

export const StageName = one('dev', 'integration', 'systest', 'staging', 'prod');

export const StageValues = object({
  project: text('^[a-z][a-z0-9-]{4,28}[a-z0-9]$', 'the id of a Google Cloud project'),
  region: text('^[a-z]+-[a-z]+\\d+$', 'a region such as europe-west1'),
  zones: Type.Array(text('^[a-z]+-[a-z]+\\d+-[a-z]$', 'a zone such as europe-west1-b'), {
    minItems: 1,
    maxItems: 4,
    uniqueItems: true,
    description: '1 to 4 different zones',
  }),
  /** The team that answers for it, and who pays. On every resource as labels. */
  owner: label,
  costCentre: label,
  /** Google groups: of those who operate the stage, and of those who may see it. */
  groups: object({ operators: email, viewers: email }),

  dns: object({
    /** Cloud DNS zone of its own, delegated to from the zone above it. */
    domain: host,
    proxy: host,
    page: host,
  }),
  network: object({
    nodes: range,
    pods: range,
    services: range,
    /** Of Google's side: control plane, and databases (private services access). */
    controlPlane: range,
    databases: range,
    /** Share of connections in the flow logs, 0–1. */
    flowSampling: Type.Number({ minimum: 0, maximum: 1, description: 'a number from 0 to 1' }),
    /** Addresses that the processor goes out by: 64,512 connections each. */
    natAddresses: whole(1, 16),
  }),
  cluster: object({
    releaseChannel: one('RAPID', 'REGULAR', 'STABLE', 'EXTENDED'),
    deletionProtection: flag,
    maintenance: object({
      start: instant,
      end: instant,
      recurrence: text('^FREQ=(DAILY|WEEKLY)(;[A-Z]+=[A-Z0-9,]+)*$', 'a rule such as FREQ=WEEKLY;BYDAY=SA,SU'),
      exclusions: Type.Array(
        object({
          name: label,
          start: instant,
          end: instant,
          scope: one('NO_UPGRADES', 'NO_MINOR_UPGRADES', 'NO_MINOR_OR_NODE_UPGRADES'),
        }),
        { maxItems: 20, description: 'a list' },
      ),
    }),
    /** Most that nodes of all pools together may have, those made by auto-provisioning included. */
    limits: object({ cpu: whole(1, 10_000), memoryGb: whole(1, 100_000) }),
    /** Of Backup for GKE: a cron line in UTC, and days. */
    backup: object({ schedule: text('^\\S+ \\S+ \\S+ \\S+ \\S+$', 'a cron line of five fields'), days: whole(1, 365) }),
  }),
  pools: object({ system: pool, serving: pool, workers: pool }),

  /** What all pods of the services together may ask for, and the largest of them. */
  namespace: object({ pods: whole(1, 5000), ...amount.properties, largestPod: amount }),
  services: object(
    Object.fromEntries(serviceNames.map(name => [name, service])) as Record<
      (typeof serviceNames)[number],
      typeof service
    >,
  ),

  database: object({
    tier: text('^db-[a-z0-9-]+$', 'a Cloud SQL tier such as db-custom-2-7680'),
    highAvailability: flag,
    diskGb: whole(10, 10_000),
    /** Most that the disk grows to. */
    maxDiskGb: whole(10, 10_000),
    backups: whole(1, 365),
    deletionProtection: flag,
    /** Auth Proxy that runs beside its users. */
    proxyImage: image,
  }),
  storage: object({
    location: text('^[A-Z]+[A-Z0-9-]*$', 'a location such as EUROPE-WEST1 or EU'),
    /** Days in which nobody can delete or replace what is published; 0 is none. */
    publishedRetentionDays: whole(0, 36_500),
    softDeleteDays: whole(0, 90),
    quarantineDays: whole(1, 365),
    deletionProtection: flag,
  }),
  messaging: object({ retentionDays: whole(1, 31) }),
  analytics: object({
    location: text('^[A-Za-z]+[A-Za-z0-9-]*$', 'a location such as europe-west1 or EU'),
    /** Days that single downloads are kept; the daily sums stay. */
    rawDays: whole(1, 3650),
    deletionProtection: flag,
  }),
  registry: object({
    /** Versions of an image that are kept at least, and days that the others are. */
    keepVersions: whole(1, 1000),
    keepDays: whole(1, 3650),
  }),
  edge: object({
    /** Requests a minute and client address before answers are 429. */
    requestsPerMinute: whole(60, 1_000_000),
  }),
  budget: object({
    /** Of the project: budgets know no ids. */
    projectNumber: text('^\\d{6,15}$', 'the number of the project in quotes'),
    billingAccount: text('^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$', 'a billing account such as 012345-6789AB-CDEF01'),
    currency: text('^[A-Z]{3}$', 'a currency such as EUR'),
    monthly: whole(1, 10_000_000),
  }),
  alerts: object({
    email,
    slackChannel: text('^#[a-z0-9_-]{1,79}$', 'a Slack channel such as #gocenter'),
    /** Where docs/runbooks/alerts.md is read: what an alert's link leads to. */
    runbooks: text('^https://\\S+$', 'an https:// address'),
  }),
  charts: object({
    keda: object(chart),
    /** An Artifactory in the cluster: for those who move to or from one. */
    artifactory: object({ enabled: flag, ...chart }),
  }),
  /** Settings of the policy pack, by policy: a level, or a table with `enforcementLevel` and settings. */
  policies: values,
});

export type StageName = Static<typeof StageName>;
export type Stage = Static<typeof StageValues> & { name: StageName };
export type ServiceValues = Static<typeof service>;
export type PoolValues = Static<typeof pool>;
export type ChartValues = { repository: string; version: string; values: Record<string, unknown> };
