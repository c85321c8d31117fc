import { describe, expect, it } from 'vitest';
import { containerPrivileged, podHostNamespaces } from '../../policies/pod-security.ts';
import { unknown, write } from './paths.ts';
import { run } from './run.ts';

/** Where each kind has its pod's spec. */
const kinds = [
  ['core/v1:Pod', 'spec'],
  ['apps/v1:Deployment', 'spec.template.spec'],
  ['apps/v1:StatefulSet', 'spec.template.spec'],
  ['apps/v1:DaemonSet', 'spec.template.spec'],
  ['apps/v1:ReplicaSet', 'spec.template.spec'],
  ['batch/v1:Job', 'spec.template.spec'],
  ['batch/v1:CronJob', 'spec.jobTemplate.spec.template.spec'],
  ['core/v1:PodTemplate', 'template.spec'],
  ['keda.sh/v1alpha1:ScaledJob', 'spec.jobTargetRef.template.spec'],
  ['argoproj.io/v1alpha1:Rollout', 'spec.template.spec'],
] as const;
const lists = [
  ['containers', 'container'],
  ['initContainers', 'init container'],
  ['ephemeralContainers', 'ephemeral container'],
] as const;

const object = (type: string, path: string, value: unknown) => {
  const props = { metadata: { name: 'it', namespace: 'here' } };
  write(props, path, value);
  return { type: `kubernetes:${type}`, name: 'it', props };
};
const said = async (policy: typeof podHostNamespaces, resource: ReturnType<typeof object>) =>
  (await run([policy], [resource])).violations.map(({ message }) => message);

describe.each(kinds)('the pods of a %s', (type, path) => {
  const kind = type.split(':').at(-1);

  it('are found', async () => {
    const messages = await said(podHostNamespaces, object(type, path, { containers: [], hostPID: true }));
    expect(messages).toEqual([
      `${kind} here/it, ${path}.hostPID: the pod shares a namespace of its node; leave it out.`,
    ]);
  });

  it.each(lists)('have their %s looked at, each by its place', async (list, title) => {
    const bad = { name: 'bad', securityContext: { privileged: true } };
    const spec = { containers: [], [list]: [{ name: 'good' }, bad] };
    expect(await said(containerPrivileged, object(type, path, spec))).toEqual([
      `${kind} here/it, ${title} bad, ${path}.${list}[1].securityContext.privileged: the container can do everything that the node can; leave it out.`,
    ]);
  });

  it('are waited for as long as they are not known', async () => {
    const { violations, waiting } = await run([containerPrivileged], [object(type, path, unknown)]);
    expect(violations).toEqual([]);
    expect(waiting).toEqual([containerPrivileged.name]);
  });
});

it('a container that is not known yet does not hide what is wrong with the others', async () => {
  const bad = { name: 'bad', securityContext: { privileged: true } };
  const pod = object('core/v1:Pod', 'spec', { containers: [unknown, bad] });
  const { violations, waiting } = await run([containerPrivileged], [pod]);
  expect(violations).toHaveLength(1);
  expect(waiting).toEqual([containerPrivileged.name]);
});

it('what is no pod is not taken for one', async () => {
  const service = object('core/v1:Service', 'spec', {
    containers: [{ name: 'x', securityContext: { privileged: true } }],
  });
  expect(await said(containerPrivileged, service)).toEqual([]);
});
