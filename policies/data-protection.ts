import { Dataset } from '@pulumi/gcp/bigquery/dataset.js';
import { Table } from '@pulumi/gcp/bigquery/table.js';
import { Cluster } from '@pulumi/gcp/container/cluster.js';
import { CryptoKey } from '@pulumi/gcp/kms/cryptoKey.js';
import { DatabaseInstance } from '@pulumi/gcp/sql/databaseInstance.js';
import { Bucket } from '@pulumi/gcp/storage/bucket.js';
import { all } from './check.ts';
import { cloudPolicy } from './define.ts';
import { integer, list } from './settings.ts';

const critical = list(['prod'], 'Stages on which it is demanded.');
const protectedInstead = 'set it to true; whoever means to delete it takes that back first';

export const clusterDeletionProtection = cloudPolicy(Cluster, {
  name: 'cluster-deletion-protection',
  description: 'Checks that the cluster can’t be deleted by mistake.',
  settings: { critical },
  check(cluster, say, { settings, stage }) {
    // Not given, it is true.
    if (cluster.deletionProtection === false && settings.critical.includes(stage)) {
      say('deletionProtection', 'is false', protectedInstead);
    }
  },
});

export const databaseDeletionProtection = cloudPolicy(DatabaseInstance, {
  name: 'database-deletion-protection',
  description: 'Checks that databases can’t be deleted by mistake, neither by Pulumi nor by hand.',
  settings: { critical },
  check(database, say, { settings, stage }) {
    if (!settings.critical.includes(stage)) return;
    all(
      () => {
        if (database.deletionProtection === false) say('deletionProtection', 'is false', protectedInstead);
      },
      () => {
        if (database.settings?.deletionProtectionEnabled === true) return;
        say('settings.deletionProtectionEnabled', 'is not true', protectedInstead);
      },
    );
  },
});

export const tableDeletionProtection = cloudPolicy(Table, {
  name: 'table-deletion-protection',
  description: 'Checks that tables can’t be deleted by mistake.',
  settings: { critical },
  check(table, say, { settings, stage }) {
    if (table.view || table.deletionProtection !== false || !settings.critical.includes(stage)) return;
    say('deletionProtection', 'is false', protectedInstead);
  },
});

export const bucketForceDestroy = cloudPolicy(Bucket, {
  name: 'bucket-force-destroy',
  description: 'Checks that no bucket is deleted with what is in it.',
  settings: { critical },
  check(bucket, say, { settings, stage }) {
    if (bucket.forceDestroy && settings.critical.includes(stage)) say('forceDestroy', 'is true', 'set it to false');
  },
});

export const datasetDeleteContents = cloudPolicy(Dataset, {
  name: 'dataset-delete-contents',
  description: 'Checks that no dataset is deleted with its tables.',
  settings: { critical },
  check(dataset, say, { settings, stage }) {
    if (!dataset.deleteContentsOnDestroy || !settings.critical.includes(stage)) return;
    say('deleteContentsOnDestroy', 'is true', 'set it to false');
  },
});

export const bucketUniformAccess = cloudPolicy(Bucket, {
  name: 'bucket-uniform-access',
  description: 'Checks that only IAM decides who may use a bucket, not lists on single objects.',
  check(bucket, say) {
    if (bucket.uniformBucketLevelAccess !== true) say('uniformBucketLevelAccess', 'is not true', 'set it to true');
  },
});

type BucketProps = {
  versioning?: { enabled?: boolean };
  retentionPolicy?: object;
  lifecycleRules?: readonly { action: { type: string }; condition: { age?: number } }[];
};

/** Whether all that is in the bucket goes after a time: it can be had again, so nothing protects it. */
const expires = (bucket: BucketProps) =>
  (bucket.lifecycleRules ?? []).some(({ action, condition }) => action.type === 'Delete' && (condition.age ?? 0) > 0);

export const bucketHistory = cloudPolicy(Bucket, {
  name: 'bucket-history',
  description: 'Checks that what is replaced in a bucket can be had back: versions, or a retention that forbids it.',
  check(bucket, say) {
    if (bucket.versioning?.enabled === true || bucket.retentionPolicy || expires(bucket as BucketProps)) return;
    say(
      'versioning.enabled',
      'is not true',
      'set it to true, or write a retentionPolicy, or a rule that deletes by age',
    );
  },
});

export const bucketSoftDelete = cloudPolicy(Bucket, {
  name: 'bucket-soft-delete',
  description: 'Checks that deleted objects can be restored for a week at least.',
  settings: { days: integer(7, 'Least days.') },
  check(bucket, say, { settings }) {
    // Not given, it is 7 days.
    const seconds = bucket.softDeletePolicy?.retentionDurationSeconds ?? 7 * 86_400;
    if (expires(bucket as BucketProps) || seconds >= settings.days * 86_400) return;
    const path = 'softDeletePolicy.retentionDurationSeconds';
    say(path, `is ${seconds}`, `write at least ${settings.days * 86_400}, which is ${settings.days} days`);
  },
});

export const bucketRetention = cloudPolicy(Bucket, {
  name: 'bucket-retention',
  description: 'Checks that what is published can’t be deleted or replaced, by anybody.',
  settings: {
    critical,
    buckets: list(['-published'], 'How the names end of buckets that keep what is published.'),
    days: integer(30, 'Least days of retention.'),
  },
  check(bucket, say, { settings, stage }) {
    const published = settings.buckets.some(ending => bucket.name?.endsWith(ending));
    if (!published || !settings.critical.includes(stage)) return;
    const period = Number(bucket.retentionPolicy?.retentionPeriod ?? 0);
    if (period >= settings.days * 86_400) return;
    const least = `write at least ${settings.days * 86_400}, which is ${settings.days} days`;
    say('retentionPolicy.retentionPeriod', period ? `is ${period}` : 'is missing', least);
  },
});

export const databaseBackups = cloudPolicy(DatabaseInstance, {
  name: 'database-backups',
  description: 'Checks that databases are backed up daily and can be restored to any moment.',
  settings: { kept: integer(7, 'Least backups that are kept.') },
  check(database, say, { settings }) {
    const backup = database.settings?.backupConfiguration;
    const path = 'settings.backupConfiguration';
    all(
      () => {
        if (backup?.enabled !== true) say(`${path}.enabled`, 'is not true', 'set it to true');
      },
      () => {
        if (backup?.pointInTimeRecoveryEnabled === true) return;
        say(`${path}.pointInTimeRecoveryEnabled`, 'is not true', 'set it to true');
      },
      () => {
        const kept = backup?.backupRetentionSettings?.retainedBackups ?? 7;
        if (kept >= settings.kept) return;
        const at = `${path}.backupRetentionSettings.retainedBackups`;
        say(at, `is ${kept}`, `write at least ${settings.kept}`);
      },
    );
  },
});

export const databaseAvailability = cloudPolicy(DatabaseInstance, {
  name: 'database-availability',
  description: 'Checks that the database survives the loss of a zone.',
  settings: { critical: list(['staging', 'prod'], 'Stages on which it is demanded.') },
  check(database, say, { settings, stage }) {
    const type = database.settings?.availabilityType;
    if (type === 'REGIONAL' || !settings.critical.includes(stage)) return;
    say('settings.availabilityType', `is ${type ?? 'missing'}`, 'write REGIONAL');
  },
});

export const clusterSecretsEncryption = cloudPolicy(Cluster, {
  name: 'cluster-secrets-encryption',
  description: 'Checks that Secrets in etcd are encrypted with a key of ours.',
  check(cluster, say) {
    const state = cluster.databaseEncryption?.state;
    if (state === 'ENCRYPTED') return;
    say('databaseEncryption.state', `is ${state ?? 'missing'}`, 'write ENCRYPTED, with a keyName of Cloud KMS');
  },
});

export const keyRotation = cloudPolicy(CryptoKey, {
  name: 'key-rotation',
  description: 'Checks that encryption keys are rotated.',
  settings: { days: integer(90, 'Longest days between rotations.') },
  check(key, say, { settings }) {
    if ((key.purpose ?? 'ENCRYPT_DECRYPT') !== 'ENCRYPT_DECRYPT') return;
    const seconds = Number.parseInt(key.rotationPeriod ?? '', 10);
    if (seconds <= settings.days * 86_400) return;
    const wrong = key.rotationPeriod ? `is ${key.rotationPeriod}` : 'is missing';
    say('rotationPeriod', wrong, `write at most ${settings.days * 86_400}s, which is ${settings.days} days`);
  },
});
