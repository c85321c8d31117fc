import { Secret, SecretIamMember } from '@pulumi/gcp/secretmanager/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from '@pulumi/pulumi';
import { mapValues } from '../map-values.ts';
import { type SecretName, type ServiceName, secretFiles } from '../services.ts';

export interface SecretsArgs {
  /** The only region that they are kept in. */
  region: string;
  /** IAM members of the services, `serviceAccount:…`. */
  members: Readonly<Record<ServiceName, Input<string>>>;
  labels: Readonly<Record<string, string>>;
}

/**
 * The places of the secrets, and who may read which; never a value. People write a version by
 * `gcloud secrets versions add`, and the database its own.
 */
export class Secrets extends ComponentResource {
  /** Full names, `projects/<project>/secrets/<id>`. */
  readonly ids: Readonly<Record<SecretName, Output<string>>>;
  /** What is mounted: pods read the latest version when they start. */
  readonly versions: Readonly<Record<SecretName, Output<string>>>;

  constructor(name: string, args: SecretsArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Secrets', name, {}, opts);
    this.ids = mapValues(secretFiles, ({ readers }: { readers: readonly ServiceName[] }, secretId) => {
      const secret = new Secret(
        `${name}-${secretId}`,
        {
          secretId,
          replication: { userManaged: { replicas: [{ location: args.region }] } },
          // Time to take back a version that was destroyed by mistake.
          versionDestroyTtl: `${7 * 86_400}s`,
          labels: args.labels,
        },
        { parent: this },
      );
      for (const service of readers) {
        new SecretIamMember(
          `${name}-${secretId}-${service}`,
          { secretId: secret.id, role: 'roles/secretmanager.secretAccessor', member: args.members[service] },
          { parent: this },
        );
      }
      return secret.id;
    });
    this.versions = mapValues(this.ids, id => interpolate`${id}/versions/latest`);
    this.registerOutputs({ ids: this.ids });
  }
}
