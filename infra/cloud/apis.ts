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

/** Google's own identities in the project, which act for a product and need rights of ours. */
const agents = { container: 'container', pubsub: 'pubsub', transfer: 'bigquerydatatransfer' } as const;
export type Agent = keyof typeof agents;

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
    const enabled = Object.fromEntries(
      apis.map(api => [
        api,
        new Service(
          `${name}-${api}`,
          // A project outlives its stack: what else is in it may need the interface.
          { project, service: `${api}.googleapis.com`, disableOnDestroy: false },
          { parent: this },
        ),
      ]),
    );
    const agent = (of: Agent) => {
      const service = `${agents[of]}.googleapis.com`;
      const dependsOn = enabled[agents[of]];
      return new ServiceIdentity(
        `${name}-${of}-agent`,
        { project, service },
        { parent: this, ...(dependsOn && { dependsOn }) },
      ).member;
    };
    this.agents = { container: agent('container'), pubsub: agent('pubsub'), transfer: agent('transfer') };
    this.registerOutputs({ agents: this.agents });
  }
}
