import { runtime } from '@pulumi/pulumi';
import { describe, expect, it } from 'vitest';
import { Database, type DatabaseArgs } from '../../../infra/cloud/database.ts';
import { declare, ofType, one } from './declare.ts';

const values: DatabaseArgs['values'] = {
  tier: 'db-custom-2-7680',
  highAvailability: true,
  diskGb: 50,
  maxDiskGb: 500,
  backups: 14,
  deletionProtection: true,
  proxyImage: 'cloud-sql-proxy@sha256:0',
};
const build = (changed: Partial<DatabaseArgs['values']> = {}) =>
  declare(() => {
    new Database('database', {
      project: 'example',
      region: 'europe-west1',
      network: 'network.id',
      users: { 'ui-backend': 'serviceAccount:ui-backend' },
      passwordSecret: 'projects/example/secrets/catalogue-password',
      values: { ...values, ...changed },
      labels: { app: 'gocenter' },
    });
  });
const instanceType = 'gcp:sql/databaseInstance:DatabaseInstance';

describe('Database', () => {
  it('is PostgreSQL 17 on a private address, reached through the Auth Proxy’s certificates only', async () => {
    expect(one(await build(), instanceType)).toMatchObject({
      databaseVersion: 'POSTGRES_17',
      settings: {
        connectorEnforcement: 'REQUIRED',
        ipConfiguration: {
          ipv4Enabled: false,
          privateNetwork: 'network.id',
          sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED',
        },
      },
    });
  });

  it('has the size of the stage, and grows no further than it says', async () => {
    expect(one(await build(), instanceType)).toMatchObject({
      settings: { tier: 'db-custom-2-7680', edition: 'ENTERPRISE', diskSize: 50, diskAutoresizeLimit: 500 },
    });
  });

  it.each([
    [true, 'REGIONAL'],
    [false, 'ZONAL'],
  ])('is highly available where the stage says %s: %s', async (highAvailability, availabilityType) => {
    expect(one(await build({ highAvailability }), instanceType)).toMatchObject({ settings: { availabilityType } });
  });

  it('is backed up every night and to the minute for a week, mended at a quiet hour, and watched', async () => {
    expect(one(await build(), instanceType)).toMatchObject({
      settings: {
        backupConfiguration: {
          enabled: true,
          pointInTimeRecoveryEnabled: true,
          transactionLogRetentionDays: 7,
          backupRetentionSettings: { retainedBackups: 14 },
        },
        maintenanceWindow: { day: 7, hour: 3, updateTrack: 'stable' },
        insightsConfig: { queryInsightsEnabled: true, recordClientAddress: false },
      },
    });
  });

  it.each([true, false])('is protected by Pulumi and by Google where the stage says %s', async deletionProtection => {
    expect(one(await build({ deletionProtection }), instanceType)).toMatchObject({
      deletionProtection,
      settings: { deletionProtectionEnabled: deletionProtection, retainBackupsOnDelete: deletionProtection },
    });
  });

  it('has a generated password, which goes to the user and to Secret Manager and nowhere else', async () => {
    const declared = await build();
    const result = 'random-database-password';
    // Wrapped as a secret, so that the state has it encrypted.
    const secret = expect.objectContaining({ value: result, [runtime.specialSigKey]: runtime.specialSecretSig });
    expect(one(declared, 'random:index/randomPassword:RandomPassword')).toMatchObject({ length: 40 });
    expect(one(declared, 'gcp:sql/user:User')).toMatchObject({ name: 'catalogue', password: secret });
    expect(one(declared, 'gcp:secretmanager/secretVersion:SecretVersion')).toMatchObject({
      secret: 'projects/example/secrets/catalogue-password',
      secretData: secret,
    });
    expect(declared.filter(({ inputs }) => JSON.stringify(inputs).includes(result))).toHaveLength(2);
  });

  it('can be destroyed although its user owns tables', async () => {
    const declared = await build();
    for (const type of ['gcp:sql/user:User', 'gcp:sql/database:Database']) {
      expect(one(declared, type)).toMatchObject({ deletionPolicy: 'ABANDON' });
    }
  });

  it('has a name that was never used, as Google does not give one again for a week', async () => {
    expect(one(await build(), instanceType)).not.toHaveProperty('name');
  });

  it('lets its users connect to this instance and no other of the project', async () => {
    const grants = ofType(await build(), 'gcp:projects/iAMMember:IAMMember').map(({ inputs }) => inputs);
    expect(grants).toEqual([
      {
        project: 'example',
        role: 'roles/cloudsql.client',
        member: 'serviceAccount:ui-backend',
        condition: {
          title: 'only this instance',
          expression:
            'resource.name == "projects/example/instances/database" && resource.service == "sqladmin.googleapis.com"',
        },
      },
    ]);
  });
});
