import * as k8s from '@pulumi/kubernetes';
import { output, type Resource } from '@pulumi/pulumi';
import { labels, selector } from './labels.ts';
import { commandPod } from './pod-spec.ts';
import type { WorkloadArgs } from './workload.ts';

/** Seconds. A migration may rewrite tables: its longest statement is ten minutes. */
const deadline = 900;
/** Seconds for which its log can be read. */
const kept = 7 * 86_400;

/**
 * A command of the service's image that ends before pods of that image start: what it returns is complete then. It is named after
 * the image, so each image has its own, once; one that failed is made again by the next `pulumi up`. It may run
 * several times and must not mind.
 */
export function firstJob(
  name: string,
  args: WorkloadArgs,
  { command, egress }: NonNullable<WorkloadArgs['first']>,
  { parent, dependsOn }: { parent: Resource; dependsOn: readonly Resource[] },
): k8s.batch.v1.Job {
  const common = labels(command, args.service, args.owner, args.stage);
  const { namespace } = args;
  const traffic = new k8s.networking.v1.NetworkPolicy(
    `${name}-${command}-traffic`,
    {
      metadata: { name: command, namespace, labels: common },
      spec: {
        podSelector: { matchLabels: selector(command) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [],
        egress,
      },
    },
    { parent },
  );
  return new k8s.batch.v1.Job(
    `${name}-${command}`,
    {
      metadata: {
        name: output(args.image).apply(image => `${command}-${image.split('@sha256:')[1]?.slice(0, 12)}`),
        namespace,
        labels: common,
        // Without it an update would go on waiting for the one that failed.
        annotations: { 'pulumi.com/replaceUnready': 'true' },
      },
      spec: {
        backoffLimit: 3,
        activeDeadlineSeconds: deadline,
        ttlSecondsAfterFinished: kept,
        template: { metadata: { labels: common }, spec: commandPod(args, command) },
      },
    },
    {
      parent,
      dependsOn: [...dependsOn, traffic],
      // Longer than the deadline, so that it is Kubernetes who says why.
      customTimeouts: { create: `${deadline + 60}s` },
    },
  );
}
