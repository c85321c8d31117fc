import { IAMMember as ProjectIAMMember } from '@pulumi/gcp/projects/index.js';
import { Account } from '@pulumi/gcp/serviceaccount/index.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import { type SubscriptionName, subscriptions } from '../../services/messaging/topics.ts';
import { mapValues } from '../map-values.ts';
import { type ServiceName, serviceNames } from '../services.ts';
import { readerOf } from './messaging.ts';

export interface IdentitiesArgs {
  /** Google groups of those who operate the stage, and of those who may see it. */
  groups: { operators: string; viewers: string };
  project: string;
}

/** Roles of people, on the project: they see it, and operators mend what runs. Changes come by `pulumi up`. */
const peopleRoles = {
  operators: ['roles/container.developer', 'roles/logging.viewer', 'roles/monitoring.editor'],
  viewers: ['roles/container.viewer', 'roles/logging.viewer', 'roles/monitoring.viewer'],
} as const;

/**
 * One Google service account a service. Each component gives them what they need on its own resources; here those that read
 * messages get to see metrics. None has a key; pods become one by Workload Identity (workload-identity.ts).
 */
export class Identities extends ComponentResource {
  readonly emails: Readonly<Record<ServiceName, Output<string>>>;
  /** IAM members, `serviceAccount:…`. */
  readonly members: Readonly<Record<ServiceName, Output<string>>>;
  /** Of KEDA, which reads metrics and nothing else. */
  readonly scaler: { email: Output<string>; member: Output<string> };
  /** IAM members of the groups. */
  readonly operators: string;
  readonly viewers: string;

  /** Full names of all of them, `projects/…/serviceAccounts/…`. */
  readonly accounts: Readonly<Record<ServiceName | 'keda', Output<string>>>;

  constructor(name: string, args: IdentitiesArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Identities', name, {}, opts);
    const parent = { parent: this };
    const { project, groups } = args;
    const account = (id: string) =>
      new Account(`${name}-${id}`, { accountId: `gocenter-${id}`, displayName: `GoCenter: ${id}` }, parent);
    const services = Object.fromEntries(serviceNames.map(service => [service, account(service)])) as Readonly<
      Record<ServiceName, Account>
    >;
    const keda = account('keda');
    // Metrics are the project's: there is nothing smaller to read them on.
    new ProjectIAMMember(
      `${name}-keda-metrics`,
      { project, role: 'roles/monitoring.viewer', member: keda.member },
      parent,
    );
    // Pub/Sub tells of a backlog in no other place (docs/decisions/0020-the-backlog-of-pubsub.md).
    for (const service of new Set((Object.keys(subscriptions) as SubscriptionName[]).map(readerOf))) {
      const { member } = services[service];
      new ProjectIAMMember(`${name}-${service}-metrics`, { project, role: 'roles/monitoring.viewer', member }, parent);
    }
    for (const group of ['operators', 'viewers'] as const) {
      for (const role of peopleRoles[group]) {
        const member = `group:${groups[group]}`;
        new ProjectIAMMember(`${name}-${group}-${role.slice('roles/'.length)}`, { project, role, member }, parent);
      }
    }
    this.accounts = { ...mapValues(services, each => each.name), keda: keda.name };
    this.emails = mapValues(services, each => each.email);
    this.members = mapValues(services, each => each.member);
    this.scaler = { email: keda.email, member: keda.member };
    this.operators = `group:${groups.operators}`;
    this.viewers = `group:${groups.viewers}`;
    this.registerOutputs({ emails: this.emails });
  }
}
