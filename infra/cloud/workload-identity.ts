import { IAMMember } from '@pulumi/gcp/serviceaccount/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import { mapValues } from '../map-values.ts';

export interface WorkloadIdentityArgs<K extends string> {
  project: string;
  /** Full names of the Google service accounts, `projects/…/serviceAccounts/…`. */
  accounts: Readonly<Record<K, Input<string>>>;
  /** Of each the Kubernetes account that may act as it, `<namespace>/<name>`. */
  podsOf(account: K): string;
}

/**
 * Lets pods act as a Google service account: those of the one Kubernetes account and nobody else. The project's identity
 * pool comes with its first cluster, so this depends on that.
 */
export class WorkloadIdentity<K extends string> extends ComponentResource {
  constructor(name: string, args: WorkloadIdentityArgs<K>, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:WorkloadIdentity', name, {}, opts);
    mapValues(args.accounts, (serviceAccountId, id) => {
      const member = `serviceAccount:${args.project}.svc.id.goog[${args.podsOf(id)}]`;
      const role = 'roles/iam.workloadIdentityUser';
      return new IAMMember(`${name}-${id}`, { serviceAccountId, role, member }, { parent: this });
    });
    this.registerOutputs({});
  }
}
