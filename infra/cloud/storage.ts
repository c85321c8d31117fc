import { Bucket, BucketIAMMember } from '@pulumi/gcp/storage/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { mapValues } from '../map-values.ts';
import type { ServiceName } from '../services.ts';

/** The stores of the services, each a bucket of its own. */
export const stores = ['published', 'quarantine', 'records'] as const;
export type StoreName = (typeof stores)[number];

/**
 * What a service may do with a store. `create` can't replace or delete: the identity that publishes is unable to change
 * what is published, whatever goes wrong in it.
 */
type Right = 'read' | 'create' | 'write';

const roles: Readonly<Record<Right, readonly string[]>> = {
  read: ['roles/storage.objectViewer'],
  create: ['roles/storage.objectCreator', 'roles/storage.objectViewer'],
  write: ['roles/storage.objectUser'],
};

/** Who may do what; a service that is not named may do nothing. */
export const rights: Readonly<Record<StoreName, Readonly<Partial<Record<ServiceName, Right>>>>> = {
  published: {
    proxy: 'read',
    processor: 'read',
    validator: 'create',
    discovery: 'read',
    notifier: 'read',
    'ui-backend': 'read',
  },
  quarantine: { processor: 'write', validator: 'write' },
  records: {
    proxy: 'read',
    processor: 'write',
    validator: 'write',
    discovery: 'write',
    notifier: 'write',
    'ui-backend': 'write',
  },
};

export interface StorageArgs {
  /** Beginning of the buckets' names, which are global: they are `<base>-published` and so on. */
  base: string;
  /** Region, dual-region or multi-region. */
  location: string;
  /** IAM members of the services, `serviceAccount:…`. */
  members: Readonly<Record<ServiceName, Input<string>>>;
  /**
   * Days in which nobody, owners included, can delete or replace what is published; 0 for none, so that a stage can be
   * torn down. The bucket is versioned when it is 0: Cloud Storage does not take both.
   */
  publishedRetentionDays: number;
  /** Days in which deleted objects of `published` and `records` can be restored: 0, or 7–90. */
  softDeleteDays: number;
  /** Days until what is left in quarantine is deleted; what needs longer is fetched again. */
  quarantineDays: number;
  /** Refuses to delete buckets that hold objects. */
  deletionProtection: boolean;
  labels: Readonly<Record<string, string>>;
}

const seconds = (days: number) => days * 86_400;

/** Days that replaced records are kept. */
const replacedDays = 30;

/**
 * The buckets. All of them: uniform access, never public, encrypted by Google. `records` are replaced while a version is
 * processed, so they have no retention but versions. What is in quarantine can be had again, so it is not kept twice.
 */
export class Storage extends ComponentResource {
  /** Names of the buckets. */
  readonly buckets: Readonly<Record<StoreName, Output<string>>>;

  constructor(name: string, args: StorageArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Storage', name, {}, opts);
    const parent = { parent: this };
    const { publishedRetentionDays: retentionDays, softDeleteDays, quarantineDays } = args;
    if (softDeleteDays !== 0 && (softDeleteDays < 7 || softDeleteDays > 90)) {
      throw new Error(`deleted objects can be kept for 7 to 90 days, or 0 for not at all, not ${softDeleteDays}`);
    }
    const deleteReplaced = {
      action: { type: 'Delete' },
      condition: { daysSinceNoncurrentTime: replacedDays, withState: 'ARCHIVED' },
    };
    const versioned = { versioning: { enabled: true }, lifecycleRules: [deleteReplaced] };
    const particulars = {
      published:
        retentionDays > 0
          ? { retentionPolicy: { retentionPeriod: String(seconds(retentionDays)) }, versioning: { enabled: false } }
          : versioned,
      quarantine: { lifecycleRules: [{ action: { type: 'Delete' }, condition: { age: quarantineDays } }] },
      records: versioned,
    };

    const buckets = mapValues(particulars, (particular, store) => {
      const bucket = new Bucket(
        `${name}-${store}`,
        {
          name: `${args.base}-${store}`,
          location: args.location,
          storageClass: 'STANDARD',
          uniformBucketLevelAccess: true,
          publicAccessPrevention: 'enforced',
          softDeletePolicy: { retentionDurationSeconds: store === 'quarantine' ? 0 : seconds(softDeleteDays) },
          forceDestroy: !args.deletionProtection,
          labels: args.labels,
          ...particular,
        },
        parent,
      );
      for (const [service, right] of Object.entries(rights[store]) as [ServiceName, Right][]) {
        for (const role of roles[right]) {
          const grant = { bucket: bucket.name, role, member: args.members[service] };
          new BucketIAMMember(`${name}-${store}-${service}-${role.slice('roles/storage.'.length)}`, grant, parent);
        }
      }
      return bucket;
    });
    this.buckets = mapValues(buckets, bucket => bucket.name);
    this.registerOutputs({ buckets: this.buckets });
  }
}
