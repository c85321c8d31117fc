import { CryptoKey, CryptoKeyIAMMember, KeyRing } from '@pulumi/gcp/kms/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';

export interface KeysArgs {
  /** Region of the cluster, which can use no key from elsewhere. */
  region: string;
  /** IAM member of GKE itself, which encrypts with the key. */
  clusterAgent: Input<string>;
  labels: Readonly<Record<string, string>>;
}

const days = (count: number) => `${count * 86_400}s`;

/** The key that encrypts the cluster's secrets in etcd. Old versions stay, so that what they encrypted can be read. */
export class Keys extends ComponentResource {
  /** Full name, once GKE may use it: `projects/…/cryptoKeys/cluster`. */
  readonly cluster: Output<string>;

  constructor(name: string, args: KeysArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Keys', name, {}, opts);
    const parent = { parent: this };
    // Key rings can't be deleted, and a deleted key takes everything with it: neither goes with the stack.
    const kept = { parent: this, retainOnDelete: true };
    const ring = new KeyRing(`${name}-ring`, { name: 'gocenter', location: args.region }, kept);
    const key = new CryptoKey(
      `${name}-cluster`,
      {
        name: 'cluster',
        keyRing: ring.id,
        purpose: 'ENCRYPT_DECRYPT',
        rotationPeriod: days(90),
        destroyScheduledDuration: days(30),
        labels: args.labels,
      },
      kept,
    );
    const grant = new CryptoKeyIAMMember(
      `${name}-cluster-gke`,
      { cryptoKeyId: key.id, role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter', member: args.clusterAgent },
      parent,
    );
    this.cluster = grant.cryptoKeyId;
    this.registerOutputs({ cluster: this.cluster });
  }
}
