import { describe, expect, it } from 'vitest';
import { Budget } from '../../../infra/cloud/budget.ts';
import { Registry } from '../../../infra/cloud/registry.ts';
import { Secrets } from '../../../infra/cloud/secrets.ts';
import { type SecretName, secretFiles } from '../../../infra/services.ts';
import { type Declared, declare, ofType, one } from './declare.ts';
import { members } from './members.ts';

const labels = { app: 'gocenter' };

describe('Registry', () => {
  const build = () =>
    declare(() => {
      const rest = { project: 'example', region: 'europe-west1', nodes: 'serviceAccount:nodes', labels };
      new Registry('registry', { ...rest, keepVersions: 10, keepDays: 90 });
    });
  const type = 'gcp:artifactregistry/repository:Repository';

  it.each(['images', 'charts'])('keeps %s under tags that can’t be moved', async id => {
    expect(one(await build(), type, id)).toMatchObject({
      repositoryId: id,
      location: 'europe-west1',
      format: 'DOCKER',
      mode: 'STANDARD_REPOSITORY',
      dockerConfig: { immutableTags: true },
    });
  });

  it('deletes what is old, but never the newest versions', async () => {
    for (const { inputs } of ofType(await build(), type)) {
      expect(inputs.cleanupPolicies).toEqual([
        { id: 'keep-newest', action: 'KEEP', mostRecentVersions: { keepCount: 10 } },
        { id: 'delete-old', action: 'DELETE', condition: { tagState: 'ANY', olderThan: '7776000s' } },
      ]);
      expect(inputs).not.toHaveProperty('cleanupPolicyDryRun');
    }
  });

  it('caches the registry of third parties', async () => {
    expect(one(await build(), type, 'ghcr')).toMatchObject({
      mode: 'REMOTE_REPOSITORY',
      remoteRepositoryConfig: { dockerRepository: { customRepository: { uri: 'https://ghcr.io' } } },
    });
  });

  it('lets the nodes pull, on each repository, and nobody push', async () => {
    const grants = ofType(await build(), 'gcp:artifactregistry/repositoryIamMember:RepositoryIamMember');
    expect(grants).toHaveLength(3);
    for (const { inputs } of grants) {
      expect(inputs).toMatchObject({ role: 'roles/artifactregistry.reader', member: 'serviceAccount:nodes' });
    }
  });
});

describe('Secrets', () => {
  const build = () => declare(() => void new Secrets('secrets', { region: 'europe-west1', members, labels }));
  const ids = Object.keys(secretFiles) as SecretName[];

  it('has a place for each secret of the services, in one region, and never a value', async () => {
    const declared = await build();
    const secrets = ofType(declared, 'gcp:secretmanager/secret:Secret').map(({ inputs }) => inputs);
    expect(secrets.map(({ secretId }) => secretId).sort()).toEqual([...ids].sort());
    for (const secret of secrets) {
      expect(secret.replication).toEqual({ userManaged: { replicas: [{ location: 'europe-west1' }] } });
    }
    expect(ofType(declared, 'gcp:secretmanager/secretVersion:SecretVersion')).toEqual([]);
  });

  it.each(ids)('lets only its readers read %s', async id => {
    const readers = ofType(await build(), 'gcp:secretmanager/secretIamMember:SecretIamMember')
      .filter(({ inputs }) => inputs.secretId === `secrets-${id}.id`)
      .map(({ inputs }) => `${inputs.member} ${inputs.role}`);
    expect(readers.sort()).toEqual(
      secretFiles[id].readers.map(reader => `${members[reader]} roles/secretmanager.secretAccessor`).sort(),
    );
  });
});

describe('Budget', () => {
  it('tells people at half, nine tenths and all of the budget, and when the month will go beyond it', async () => {
    const declared: Declared[] = await declare(() => {
      new Budget('budget', {
        stage: 'prod',
        projectNumber: '123456789012',
        billingAccount: '012345-6789AB-CDEF01',
        currency: 'EUR',
        monthly: 5000,
        channel: 'channel.id',
      });
    });
    expect(one(declared, 'gcp:billing/budget:Budget')).toMatchObject({
      billingAccount: '012345-6789AB-CDEF01',
      budgetFilter: { projects: ['projects/123456789012'] },
      amount: { specifiedAmount: { currencyCode: 'EUR', units: '5000' } },
      thresholdRules: [
        { thresholdPercent: 0.5, spendBasis: 'CURRENT_SPEND' },
        { thresholdPercent: 0.9, spendBasis: 'CURRENT_SPEND' },
        { thresholdPercent: 1, spendBasis: 'CURRENT_SPEND' },
        { thresholdPercent: 1.1, spendBasis: 'FORECASTED_SPEND' },
      ],
      allUpdatesRule: { monitoringNotificationChannels: ['channel.id'] },
    });
  });
});
