import { Repository } from '@pulumi/gcp/artifactregistry/repository.js';
import { Cluster } from '@pulumi/gcp/container/cluster.js';
import type { ResourceValidationPolicy } from '@pulumi/policy';
import { matchesAny, sentence } from './check.ts';
import { cloudPolicy, containerPolicy, placeOf } from './define.ts';
import { list } from './settings.ts';

/** An image's reference in its parts; a colon after the last slash is the tag's, one before it the registry's port. */
function parse(image: string): { path: string; tag: string | undefined; digest: string | undefined } {
  const [name = '', digest] = image.split('@', 2);
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  return { path: tagged ? name.slice(0, colon) : name, tag: tagged ? name.slice(colon + 1) : undefined, digest };
}

export const imageTag = containerPolicy({
  name: 'image-tag',
  description: 'Checks that no image is without a version: neither `latest` nor neither tag nor digest.',
  check({ container }, say) {
    const image = container.image ?? '';
    const { tag, digest } = parse(image);
    if (tag === 'latest' || (!tag && !digest)) {
      say('image', `${image || 'nothing'} is another image every day`, 'name a version, by its sha256 digest');
    }
  },
});

export const imageDigest = containerPolicy({
  name: 'image-digest',
  description: 'Checks that images are named by digest, so that what was tested is what runs on every stage.',
  settings: {
    tagged: list(['ghcr.io/kedacore/'], 'Where images begin that may have a tag only: of charts pinned by version.'),
  },
  check({ container }, say, { settings }) {
    const image = container.image ?? '';
    const { digest } = parse(image);
    if (digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest)) return;
    if (digest === undefined && settings.tagged.some(beginning => image.startsWith(beginning))) return;
    say(
      'image',
      `${image || 'nothing'} has no digest that could be checked`,
      'write <repository>/<image>@sha256:<digest>',
    );
  },
});

export const imageRegistry = containerPolicy({
  name: 'image-registry',
  description: 'Checks that images come from registries that we trust.',
  settings: {
    allowed: list(
      ['*-docker.pkg.dev/*', 'ghcr.io/kedacore/*', 'gke.gcr.io/*'],
      'Images that are allowed, with `*` for any text.',
    ),
  },
  check({ container }, say, { settings }) {
    const { path } = parse(container.image ?? '');
    const allowed = matchesAny(settings.allowed, path);
    if (!allowed)
      say('image', `${path} is from a registry that is not allowed`, `take it from ${settings.allowed.join(', ')}`);
  },
});

export const registryImmutableTags = cloudPolicy(Repository, {
  name: 'registry-immutable-tags',
  description: 'Checks that a tag in our registry can’t be moved to another image.',
  check(repository, say) {
    if (repository.format !== 'DOCKER' || repository.mode === 'REMOTE_REPOSITORY') return;
    if (repository.dockerConfig?.immutableTags === true) return;
    say('dockerConfig.immutableTags', 'tags can be moved', 'set it to true');
  },
});

export const registryCleanUp = cloudPolicy(Repository, {
  name: 'registry-clean-up',
  description: 'Checks that a registry deletes what is old, or it grows for ever.',
  check(repository, say) {
    if ((repository.cleanupPolicies ?? []).length === 0) {
      say('cleanupPolicies', 'there are none', 'write one that deletes by age and one that keeps the newest');
    } else if (repository.cleanupPolicyDryRun === true) {
      say('cleanupPolicyDryRun', 'the policies are only tried', 'set it to false');
    }
  },
});

export const clusterBinaryAuthorization = cloudPolicy(Cluster, {
  name: 'cluster-binary-authorization',
  description: 'Checks that the cluster asks Binary Authorization before it runs an image.',
  check(cluster, say) {
    const mode = cluster.binaryAuthorization?.evaluationMode;
    if (mode && mode !== 'DISABLED') return;
    say('binaryAuthorization.evaluationMode', `is ${mode ?? 'missing'}`, 'write PROJECT_SINGLETON_POLICY_ENFORCE');
  },
});

/** Exactly one version; a range would be resolved anew by every preview. */
const exactVersion = /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

export const chartVersion: ResourceValidationPolicy = {
  name: 'chart-version',
  description: 'Checks that Helm charts are pinned to one version.',
  validateResource: (args, report) => {
    if (!/^kubernetes:helm\.sh\/v\d:(Chart|Release)$/.test(args.type))
      args.notApplicable('Policy only applies to charts');
    const { version } = args.props as { version?: string };
    if (version && exactVersion.test(version)) return;
    const wrong = version ? `${version} is a range` : 'any version will do';
    report(sentence(placeOf(args), 'version', wrong, 'write one exact version, such as 2.17.0'));
  },
};
