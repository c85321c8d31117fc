import { Cluster } from '@pulumi/gcp/container/cluster.js';
import { NodePool } from '@pulumi/gcp/container/nodePool.js';
import { IAMMember as AccountMember } from '@pulumi/gcp/serviceaccount/iammember.js';
import { all, each, matchesAny } from './check.ts';
import { anyCloudPolicy, cloudPolicy, stackPolicy } from './define.ts';
import { list } from './settings.ts';

/** `…IAMMember` and `…IAMBinding` of all types, however they spell it. */
const grant = /:\w*IAM(?:Member|Binding)$/i;
const onProject = /^gcp:(?:projects|organizations|folder)\/iam(?:Member|Binding):/i;

type Grant = { role?: string; member?: string; members?: readonly string[] };

export const iamPrimitiveRoles = anyCloudPolicy({
  name: 'iam-primitive-roles',
  description: 'Checks that nobody gets the basic roles owner, editor or viewer.',
  check(props, say, { args }) {
    if (!grant.test(args.type)) return;
    const { role } = props as Grant;
    if (role && /^roles\/(owner|editor|viewer)$/.test(role)) {
      say(
        'role',
        `${role} gives rights on everything`,
        'name the predefined roles that are needed, on what needs them',
      );
    }
  },
});

export const iamPublic = anyCloudPolicy({
  name: 'iam-public',
  description: 'Checks that nothing is granted to everybody: neither allUsers nor allAuthenticatedUsers.',
  check(props, say, { args }) {
    const judge = (path: string, who: string | undefined) => {
      if (who === undefined || !/^(?:allUsers|allAuthenticatedUsers)$/.test(who)) return;
      say(path, `${who} is everybody`, 'name a service account or a group');
    };
    if (grant.test(args.type)) {
      const { member, members } = props as Grant;
      all(
        () => judge('member', member),
        () => each(members, (who, index) => judge(`members[${index}]`, who)),
      );
    } else if (/^gcp:storage\/\w*(?:AccessControl|ACL):/.test(args.type)) {
      judge('entity', props.entity as string | undefined);
    } else if (args.type === 'gcp:bigquery/dataset:Dataset') {
      each(props.accesses as readonly { specialGroup?: string; iamMember?: string }[] | undefined, (access, index) => {
        judge(`accesses[${index}].specialGroup`, access.specialGroup);
        judge(`accesses[${index}].iamMember`, access.iamMember);
      });
    }
  },
});

export const iamAuthoritative = anyCloudPolicy({
  name: 'iam-authoritative',
  description: 'Checks that a project’s grants are added one by one: authoritative ones remove those of others.',
  check(_, say, { args }) {
    if (/^gcp:(?:projects|organizations|folder)\/iam(?:Policy|Binding):/i.test(args.type)) {
      say('', 'removes the grants that others have made, of Google’s own services as well', 'use IAMMember');
    }
  },
});

export const iamDefaultServiceAccount = anyCloudPolicy({
  name: 'iam-default-service-account',
  description:
    'Checks that nothing is granted to the default service accounts, which everything in the project can be.',
  check(props, say, { args }) {
    if (!grant.test(args.type)) return;
    const { member } = props as Grant;
    if (/^serviceAccount:(\d+-compute@developer|[^@]+@appspot)\.gserviceaccount\.com$/.test(member ?? '')) {
      say('member', `${member} is a default service account`, 'make a service account for the one purpose');
    }
  },
});

export const iamProjectWide = anyCloudPolicy({
  name: 'iam-project-wide',
  description: 'Checks that rights on data and identities are given on the one resource, not on the whole project.',
  settings: {
    roles: list(
      [
        'roles/storage.*',
        'roles/pubsub.*',
        'roles/bigquery.data*',
        'roles/secretmanager.*',
        'roles/cloudkms.*',
        'roles/artifactregistry.*',
        'roles/iam.serviceAccount*',
        'roles/iam.workloadIdentityUser',
        'roles/*.admin',
      ],
      'Roles that are too much for a whole project; `*` stands for any text.',
    ),
    members: list([], 'Members who may have them, such as Google’s own service agents; `*` stands for any text.'),
  },
  check(props, say, { args, settings }) {
    if (!onProject.test(args.type)) return;
    const { role } = props as Grant;
    if (!role || !matchesAny(settings.roles, role)) return;
    if (settings.members.length > 0 && matchesAny(settings.members, (props as Grant).member ?? '')) return;
    say(
      'role',
      `${role} is given on the whole project`,
      'give it on the bucket, topic, secret or account that needs it',
    );
  },
});

export const nodePoolServiceAccount = cloudPolicy(NodePool, {
  name: 'node-pool-service-account',
  description: 'Checks that nodes run as a service account of their own, not as Compute Engine’s default.',
  check(pool, say) {
    // Reading it would wait for an account that is only being made; that it is given is all that is asked.
    const config = pool.nodeConfig as object | undefined;
    if (config && 'serviceAccount' in config) return;
    say('nodeConfig.serviceAccount', 'nodes run as Compute Engine’s default account', 'name an account made for them');
  },
});

export const nodePoolMetadata = cloudPolicy(NodePool, {
  name: 'node-pool-metadata-server',
  description: 'Checks that pods reach GKE’s metadata server, not the node’s with the node’s own identity.',
  check(pool, say) {
    const mode = pool.nodeConfig?.workloadMetadataConfig?.mode;
    if (mode === 'GKE_METADATA') return;
    say('nodeConfig.workloadMetadataConfig.mode', `is ${mode ?? 'missing'}`, 'write GKE_METADATA');
  },
});

export const nodePoolShielded = cloudPolicy(NodePool, {
  name: 'node-pool-shielded',
  description: 'Checks that nodes start only what is signed, and notice when it changes.',
  check(pool, say) {
    const config = pool.nodeConfig?.shieldedInstanceConfig;
    each(['enableSecureBoot', 'enableIntegrityMonitoring'] as const, field => {
      if (config?.[field] !== true) say(`nodeConfig.shieldedInstanceConfig.${field}`, 'is not true', 'set it to true');
    });
  },
});

export const clusterWorkloadIdentity = cloudPolicy(Cluster, {
  name: 'cluster-workload-identity',
  description: 'Checks that pods get Google identities from Workload Identity.',
  check(cluster, say) {
    if (cluster.workloadIdentityConfig?.workloadPool) return;
    say('workloadIdentityConfig.workloadPool', 'is missing', 'write <project>.svc.id.goog');
  },
});

export const clusterLegacyAccess = cloudPolicy(Cluster, {
  name: 'cluster-legacy-access',
  description: 'Checks that nobody gets in by the old ways: ABAC, client certificates, bindings of everybody.',
  check(cluster, say) {
    all(
      () => {
        if (cluster.enableLegacyAbac) say('enableLegacyAbac', 'goes round RBAC', 'set it to false');
      },
      () => {
        if (cluster.masterAuth?.clientCertificateConfig?.issueClientCertificate) {
          const path = 'masterAuth.clientCertificateConfig.issueClientCertificate';
          say(path, 'makes a certificate that can’t be revoked', 'set it to false');
        }
      },
      () =>
        each(
          ['enableInsecureBindingSystemAuthenticated', 'enableInsecureBindingSystemUnauthenticated'] as const,
          name => {
            if (cluster.rbacBindingConfig?.[name] !== false) {
              say(`rbacBindingConfig.${name}`, 'everybody can be bound to a role', 'set it to false');
            }
          },
        ),
    );
  },
});

const binding = /^serviceAccount:(.+)\.svc\.id\.goog\[([^/]+)\/([^\]]+)\]$/;

export const workloadIdentityMatches = stackPolicy({
  name: 'workload-identity-matches',
  description: 'Checks that Google accounts are bound to Kubernetes accounts that exist, and the other way round.',
  settings: {
    charts: list(['keda/*'], 'Kubernetes accounts that charts make, as `namespace/name`; `*` stands for any text.'),
  },
  check(stack, say, { settings }) {
    const bound = new Set<string>();
    all(
      () =>
        each(stack.ofType(AccountMember), ({ resource, props }) => {
          if (props.role !== 'roles/iam.workloadIdentityUser') return;
          const [, , namespace = '', name = ''] = binding.exec(props.member) ?? [];
          bound.add(`${namespace}/${name}`);
          if (stack.find('ServiceAccount', namespace, name) || matchesAny(settings.charts, `${namespace}/${name}`))
            return;
          say(
            resource,
            'member',
            `there is no Kubernetes account ${namespace}/${name}`,
            'name one that the stack declares',
          );
        }),
      () =>
        each(stack.ofKind('ServiceAccount'), account => {
          const key = 'iam.gke.io/gcp-service-account';
          if (!Object.hasOwn(account.annotations(), key) || bound.has(`${account.namespace()}/${account.name}`)) return;
          const where = `metadata.annotations["${key}"]`;
          say(account, where, 'the Google account does not let it in', 'bind it with roles/iam.workloadIdentityUser');
        }),
    );
  },
});
