import { Policy } from '@pulumi/gcp/binaryauthorization/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate } from '@pulumi/pulumi';

export interface ImagePolicyArgs {
  project: string;
  /** Before the name of each image that may run. */
  prefixes: readonly Input<string>[];
}

/** Binary Authorization: what is not from the stage's own registry, or from GKE itself, does not start. */
export class ImagePolicy extends ComponentResource {
  constructor(name: string, args: ImagePolicyArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:ImagePolicy', name, {}, opts);
    new Policy(
      name,
      {
        project: args.project,
        // Google's own system images.
        globalPolicyEvaluationMode: 'ENABLE',
        // `*` ends at a slash, `**` does not.
        admissionWhitelistPatterns: args.prefixes.map(prefix => ({ namePattern: interpolate`${prefix}/**` })),
        defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
