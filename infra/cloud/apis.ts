import { Service, ServiceIdentity } from '@pulumi/gcp/projects/index.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';

/** What the project must be able to do: every interface that a component here talks to. */
export const apis = [
  'artifactregistry',
  'bigquery',
  'bigquerydatatransfer',
  'billingbudgets',
  'binaryauthorization',
  'certificatemanager',
  'cloudkms',
  'cloudresourcemanager',
  'compute',
  'container',
  'containersecurity',
  'dns',
  'gkebackup',
  'iam',
  'iamcredentials',
  'logging',
  'monitoring',
  'pubsub',
  'secretmanager',
  'servicenetworking',
  'serviceusage',
  'sqladmin',
  'storage',
] as const;

/** Interfaces whose own identity in the project, their service agent, acts for the product and needs rights of ours. */
const withAgent = ['bigquerydatatransfer', 'container', 'pubsub'] as const;
export type Agent = (typeof withAgent)[number];

export interface ApisArgs {
  project: string;
}

/** Switches on the interfaces that the stage uses, and makes Google's own identities known before they are given rights. */
export class Apis extends ComponentResource {
  /** IAM members, `serviceAccount:service-<number>@…`. */
  readonly agents: Readonly<Record<Agent, Output<string>>>;

  constructor(name: string, args: ApisArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Apis', name, {}, opts);
    const { project } = args;
    const enabled = new Map<string, Service>();
    for (const api of apis) {
      const args = {
        project,
        service: `${api}.googleapis.com`,
        // A project outlives its stack: what else is in it may need the interface.
        disableOnDestroy: false,
      };
      enabled.set(api, new Service(`${name}-${api}`, args, { parent: this }));
    }
    const agents = withAgent.map(api => {
      const args = { project, service: `${api}.googleapis.com` };
      const dependsOn = enabled.get(api) ?? [];
      return [api, new ServiceIdentity(`${name}-${api}-agent`, args, { parent: this, dependsOn }).member];
    });
    this.agents = Object.fromEntries(agents);
    this.registerOutputs({ agents: this.agents });
  }
}
