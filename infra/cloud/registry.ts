import { Repository, RepositoryIamMember } from '@pulumi/gcp/artifactregistry/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from '@pulumi/pulumi';

export interface RegistryArgs {
  project: string;
  region: string;
  /** IAM member of the nodes, which pull. */
  nodes: Input<string>;
  /** Versions of an image or chart that are kept whatever their age, and days that the others are. */
  keepVersions: number;
  keepDays: number;
  labels: Readonly<Record<string, string>>;
}

const day = 86_400;

/**
 * Artifact Registry: our images and charts, under tags that can't be moved, and a cache of the one that third parties
 * publish in, so that nodes need no way to the world and an image outlives its origin.
 */
export class Registry extends ComponentResource {
  /** Before an image's name, `<region>-docker.pkg.dev/<project>/images`. */
  readonly images: Output<string>;
  /** Before the name of an image of ghcr.io, as it is cached. */
  readonly ghcr: Output<string>;
  /** Where charts are pushed and pulled, `oci://<this>`. */
  readonly charts: Output<string>;
  /** Before the name of any image that may run. */
  readonly prefixes: readonly Output<string>[];

  constructor(name: string, args: RegistryArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Registry', name, {}, opts);
    const parent = { parent: this };
    const { project, region, labels } = args;
    const cleanupPolicies = [
      { id: 'keep-newest', action: 'KEEP', mostRecentVersions: { keepCount: args.keepVersions } },
      // Policies that keep go before those that delete.
      { id: 'delete-old', action: 'DELETE', condition: { tagState: 'ANY', olderThan: `${args.keepDays * day}s` } },
    ];

    const prefix = (id: string, rest: Omit<ConstructorParameters<typeof Repository>[1], 'repositoryId' | 'format'>) => {
      const repository = new Repository(
        `${name}-${id}`,
        { repositoryId: id, location: region, format: 'DOCKER', labels, ...rest },
        parent,
      );
      new RepositoryIamMember(
        `${name}-${id}-nodes`,
        { location: region, repository: repository.name, role: 'roles/artifactregistry.reader', member: args.nodes },
        parent,
      );
      return interpolate`${region}-docker.pkg.dev/${project}/${repository.repositoryId}`;
    };
    const own = {
      mode: 'STANDARD_REPOSITORY',
      dockerConfig: { immutableTags: true },
      cleanupPolicies,
      vulnerabilityScanningConfig: { enablementConfig: 'INHERITED' },
    };
    this.images = prefix('images', { ...own, description: 'Images of GoCenter' });
    this.charts = prefix('charts', { ...own, description: 'Helm charts' });
    const uri = 'https://ghcr.io';
    this.ghcr = prefix('ghcr', {
      mode: 'REMOTE_REPOSITORY',
      cleanupPolicies,
      description: `Cache of ${uri}`,
      remoteRepositoryConfig: { description: uri, dockerRepository: { customRepository: { uri } } },
    });
    this.prefixes = [this.images, this.ghcr];
    this.registerOutputs({ images: this.images });
  }
}
