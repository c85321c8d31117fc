import { describe, expect, it } from 'vitest';
import { rights, Storage, type StorageArgs, stores } from '../../../infra/cloud/storage.ts';
import { serviceNames } from '../../../infra/services.ts';
import { storesOf } from '../../../services/stores.ts';
import { declare, ofType, one } from './declare.ts';
import { members } from './members.ts';

const build = (args: Partial<StorageArgs> = {}) =>
  declare(() => {
    new Storage('storage', {
      base: 'example',
      location: 'EU',
      members,
      publishedRetentionDays: 365,
      softDeleteDays: 30,
      quarantineDays: 14,
      deletionProtection: true,
      labels: { app: 'gocenter' },
      ...args,
    });
  });
const bucketType = 'gcp:storage/bucket:Bucket';

describe('Storage', () => {
  it('declares a bucket a store, none of which can ever be public or have rights of single objects', async () => {
    const buckets = ofType(await build(), bucketType).map(({ inputs }) => inputs);
    expect(buckets.map(({ name }) => name).sort()).toEqual([
      'example-published',
      'example-quarantine',
      'example-records',
    ]);
    for (const bucket of buckets) {
      expect(bucket).toMatchObject({
        location: 'EU',
        uniformBucketLevelAccess: true,
        publicAccessPrevention: 'enforced',
        forceDestroy: false,
        labels: { app: 'gocenter' },
      });
    }
  });

  it('keeps what is published for its retention, in which nobody can delete or replace it', async () => {
    expect(one(await build(), bucketType, 'storage-published')).toMatchObject({
      retentionPolicy: { retentionPeriod: '31536000' },
      versioning: { enabled: false },
      softDeletePolicy: { retentionDurationSeconds: 30 * 86_400 },
    });
  });

  it('keeps versions of what is published where there is no retention, which Cloud Storage does not take both', async () => {
    const published = one(await build({ publishedRetentionDays: 0 }), bucketType, 'storage-published');
    expect(published).toMatchObject({ versioning: { enabled: true } });
    expect(published).not.toHaveProperty('retentionPolicy');
  });

  it('never holds records fast, which are replaced, but keeps what they replace for 30 days', async () => {
    const records = one(await build(), bucketType, 'storage-records');
    expect(records).not.toHaveProperty('retentionPolicy');
    expect(records).toMatchObject({
      versioning: { enabled: true },
      lifecycleRules: [
        { action: { type: 'Delete' }, condition: { daysSinceNoncurrentTime: 30, withState: 'ARCHIVED' } },
      ],
    });
  });

  it('empties quarantine by age, for good', async () => {
    expect(one(await build(), bucketType, 'storage-quarantine')).toMatchObject({
      lifecycleRules: [{ action: { type: 'Delete' }, condition: { age: 14 } }],
      softDeletePolicy: { retentionDurationSeconds: 0 },
    });
  });

  it('gives each service the rights that it needs, on the bucket; nobody can delete what is published', async () => {
    const grants = ofType(await build(), 'gcp:storage/bucketIAMMember:BucketIAMMember').map(
      ({ inputs }) => `${inputs.bucket}: ${inputs.member} ${String(inputs.role).replace('roles/storage.object', '')}`,
    );
    expect(grants.map(grant => grant.replace('serviceAccount:', '')).sort()).toEqual([
      'example-published: discovery Viewer',
      'example-published: notifier Viewer',
      'example-published: processor Viewer',
      'example-published: proxy Viewer',
      'example-published: ui-backend Viewer',
      'example-published: validator Creator',
      'example-published: validator Viewer',
      'example-quarantine: processor User',
      'example-quarantine: validator User',
      'example-records: discovery User',
      'example-records: notifier User',
      'example-records: processor User',
      'example-records: proxy Viewer',
      'example-records: ui-backend User',
      'example-records: validator User',
    ]);
  });

  it('gives a service a right to the stores that it has to do with, and to no other', () => {
    for (const service of serviceNames) {
      const granted = stores.filter(store => rights[store][service] !== undefined);
      expect([service, granted]).toEqual([service, storesOf[service]]);
    }
  });

  it('can be torn down with its objects where the stage is not protected', async () => {
    for (const { inputs } of ofType(await build({ deletionProtection: false }), bucketType)) {
      expect(inputs.forceDestroy).toBe(true);
    }
  });

  it('says so when Cloud Storage would not take the days of soft deletion', async () => {
    await expect(build({ softDeleteDays: 3 })).rejects.toThrow(
      'deleted objects can be kept for 7 to 90 days, or 0 for not at all, not 3',
    );
  });
});
