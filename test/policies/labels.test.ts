import { expect, it } from 'vitest';
import { cloudLabels, objectLabels } from '../../policies/labels.ts';
import { unknown } from './paths.ts';
import { type Resource, run } from './run.ts';

const bucket = (labels?: object): Resource => ({
  type: 'gcp:storage/bucket:Bucket',
  name: 'published',
  props: { name: 'published', ...(labels && { labels }) },
});

it('adds the app and the stage to a resource of the cloud, and asks for what only people know', async () => {
  const resource = bucket({ owner: 'platform' });
  const { violations } = await run([cloudLabels], [resource], { stage: 'staging' });
  expect(resource.props.labels).toEqual({ owner: 'platform', app: 'gocenter', stage: 'staging' });
  expect(violations.map(({ message }) => message)).toEqual([
    'Bucket published, labels: lacks cost-centre; write them, as the stage’s values have them.',
  ]);
});

it('makes the table of labels where there is none, also within another', async () => {
  const database: Resource = { type: 'gcp:sql/databaseInstance:DatabaseInstance', name: 'catalogue', props: {} };
  await run([cloudLabels], [database]);
  expect(database.props).toEqual({ settings: { userLabels: { app: 'gocenter', stage: 'prod' } } });
});

it('replaces no label that is there', async () => {
  const resource = bucket({ app: 'other', stage: 'other', owner: 'a', 'cost-centre': 'b' });
  await run([cloudLabels], [resource]);
  expect(resource.props.labels).toEqual({ app: 'other', stage: 'other', owner: 'a', 'cost-centre': 'b' });
});

it('counts the labels that the provider adds, which it is given as JSON', async () => {
  const defaults = { app: 'gocenter', stage: 'prod', owner: 'a', 'cost-centre': 'b' };
  const provider = { type: 'pulumi:providers:gcp', props: { defaultLabels: JSON.stringify(defaults) } };
  const resource = { ...bucket(), provider };
  expect((await run([cloudLabels], [resource])).violations).toEqual([]);
  expect(resource.props.labels).toBeUndefined();
});

it('leaves values that are not known yet as they are', async () => {
  const resource = bucket({ owner: unknown, 'cost-centre': unknown });
  const { violations, waiting } = await run([cloudLabels], [resource]);
  expect(resource.props.labels).toEqual({ owner: unknown, 'cost-centre': unknown, app: 'gocenter', stage: 'prod' });
  expect([violations, waiting]).toEqual([[], []]);
});

it('waits for labels that are not known at all, and changes nothing', async () => {
  const resource: Resource = { ...bucket(), props: { labels: unknown } };
  const { violations, waiting } = await run([cloudLabels], [resource]);
  expect(resource.props.labels).toBe(unknown);
  expect(violations).toEqual([]);
  expect(waiting).toContain('cloud-labels');
});

it('adds what is known to a Kubernetes object, and never to the template of its pods', async () => {
  const template = { metadata: { labels: { 'app.kubernetes.io/name': 'proxy' } } };
  const metadata = { name: 'proxy', namespace: 'gocenter', labels: { 'app.kubernetes.io/name': 'proxy', owner: 'a' } };
  const deployment: Resource = {
    type: 'kubernetes:apps/v1:Deployment',
    name: 'proxy',
    props: { metadata, spec: { template } },
  };
  expect((await run([objectLabels], [deployment])).violations).toEqual([]);
  expect(deployment.props).toEqual({
    metadata: {
      ...metadata,
      labels: {
        'app.kubernetes.io/name': 'proxy',
        'app.kubernetes.io/part-of': 'gocenter',
        'app.kubernetes.io/managed-by': 'pulumi',
        owner: 'a',
        stage: 'prod',
      },
    },
    spec: { template: { metadata: { labels: { 'app.kubernetes.io/name': 'proxy' } } } },
  });
});
