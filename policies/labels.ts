import type { ResourceValidationArgs, ResourceValidationPolicy } from '@pulumi/policy';
import { ifKnown, sentence, stageOf } from './check.ts';
import { objectPolicy, placeOf, podPolicy } from './define.ts';
import { objectOf } from './kubernetes.ts';
import { list, schemaOf, valuesOf } from './settings.ts';

/** Labels tell whose something is, what it is part of and who pays; without them a bill or an alert is a riddle. */

type Labels = Record<string, string>;
type Fields = Record<string, unknown>;

/** Where the types of the cloud keep their labels. What is not here has none, or none that bills show. */
const labelled: Readonly<Record<string, string>> = {
  'gcp:artifactregistry/repository:Repository': 'labels',
  'gcp:bigquery/dataset:Dataset': 'labels',
  'gcp:bigquery/table:Table': 'labels',
  'gcp:certificatemanager/certificate:Certificate': 'labels',
  'gcp:certificatemanager/certificateMap:CertificateMap': 'labels',
  'gcp:compute/address:Address': 'labels',
  'gcp:compute/globalAddress:GlobalAddress': 'labels',
  'gcp:container/cluster:Cluster': 'resourceLabels',
  'gcp:container/nodePool:NodePool': 'nodeConfig.resourceLabels',
  'gcp:dns/managedZone:ManagedZone': 'labels',
  'gcp:gkebackup/backupPlan:BackupPlan': 'labels',
  'gcp:kms/cryptoKey:CryptoKey': 'labels',
  'gcp:pubsub/subscription:Subscription': 'labels',
  'gcp:pubsub/topic:Topic': 'labels',
  'gcp:secretmanager/secret:Secret': 'labels',
  'gcp:sql/databaseInstance:DatabaseInstance': 'settings.userLabels',
  'gcp:storage/bucket:Bucket': 'labels',
};

/** The map at `path`. With `make`, one is made where there is none, in what is there. */
function mapAt(props: Fields, path: string, make = false): Labels | undefined {
  let at: Fields | undefined = props;
  for (const step of path.split('.')) {
    if (at && make && at[step] === undefined) at[step] = {};
    at = at?.[step] as Fields | undefined;
  }
  return at as Labels | undefined;
}

/** Labels that the provider adds to whatever has `labels`; it gets them as JSON. */
function defaultLabels(args: ResourceValidationArgs): Labels {
  const value = ifKnown(() => args.provider?.props.defaultLabels as string | Labels | undefined) ?? {};
  return typeof value === 'string' ? (JSON.parse(value) as Labels) : value;
}

const project = (urn: string) => urn.split('::')[1] ?? '';

const cloudSettings = {
  labels: list(['app', 'stage', 'owner', 'cost-centre'], 'Labels that every resource of the cloud must have.'),
};

export const cloudLabels: ResourceValidationPolicy = {
  name: 'cloud-labels',
  description: 'Checks that resources of the cloud say what they are part of and who pays; adds the app and the stage.',
  enforcementLevel: 'remediate',
  configSchema: schemaOf(cloudSettings),
  // In place: a copy would read values that a preview can't know, and turn secrets into plain text.
  remediateResource(args) {
    const path = labelled[args.type];
    if (!path) return undefined;
    const have = path === 'labels' ? defaultLabels(args) : {};
    const present = mapAt(args.props, path) ?? {};
    const missing = Object.entries({ app: project(args.urn), stage: stageOf(args.urn) }).filter(
      ([key]) => !(key in have) && !(key in present),
    );
    if (missing.length === 0) return undefined;
    Object.assign(mapAt(args.props, path, true) ?? {}, Object.fromEntries(missing));
    return args.props;
  },
  validateResource(args, report) {
    const path = labelled[args.type];
    if (!path) return args.notApplicable('Policy only applies to resources with labels');
    const { labels } = valuesOf(cloudSettings, args);
    const have = path === 'labels' ? defaultLabels(args) : {};
    const present = mapAt(args.props, path) ?? {};
    const missing = labels.filter(key => !(key in have) && !(key in present));
    if (missing.length === 0) return undefined;
    return report(
      sentence(placeOf(args), path, `lacks ${missing.join(', ')}`, 'write them, as the stage’s values have them'),
    );
  },
};

/** Objects of charts come with labels of their own and say who manages them; they belong to who declares the chart. */
const charts = ['keda/*', 'keda-*', 'kube-system/keda-*', '*.keda.sh', 'v1beta1.external.metrics.k8s.io'];

const required = [
  'app.kubernetes.io/name',
  'app.kubernetes.io/part-of',
  'app.kubernetes.io/managed-by',
  'owner',
  'stage',
];

export const objectLabels: ResourceValidationPolicy = {
  ...objectPolicy({
    name: 'object-labels',
    description:
      'Checks that Kubernetes objects have the recommended labels, an owner and a stage; adds what is known.',
    settings: { labels: list(required, 'Labels that every object must have.') },
    exempt: charts,
    check(object, say, { settings }) {
      const missing = settings.labels.filter(key => !(key in object.labels()));
      if (missing.length > 0) say('metadata.labels', `lacks ${missing.join(', ')}`, 'write them');
    },
  }),
  enforcementLevel: 'remediate',
  // Of the object only, never of a pod's template: that would restart the pods.
  remediateResource(args) {
    if (!objectOf(args)) return undefined;
    const present = mapAt(args.props, 'metadata.labels') ?? {};
    const known = {
      'app.kubernetes.io/part-of': project(args.urn),
      'app.kubernetes.io/managed-by': 'pulumi',
      stage: stageOf(args.urn),
    };
    const missing = Object.entries(known).filter(([key]) => !(key in present));
    if (missing.length === 0) return undefined;
    Object.assign(mapAt(args.props, 'metadata.labels', true) ?? {}, Object.fromEntries(missing));
    return args.props;
  },
};

export const podLabels = podPolicy({
  name: 'pod-labels',
  description: 'Checks that pods say what they are and whose, so that costs, logs and alerts can be told apart.',
  settings: { labels: list(['app.kubernetes.io/name', 'owner', 'stage'], 'Labels that every pod must have.') },
  exempt: charts,
  check(pod, say, { settings }) {
    const missing = settings.labels.filter(key => !(key in pod.labels()));
    if (missing.length === 0) return;
    say('', `its pods lack the labels ${missing.join(', ')}`, 'write them into the metadata of the pods’ template');
  },
});
