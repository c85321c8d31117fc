import { all, each, matchesAny } from './check.ts';
import { containerPolicy, objectPolicy, podPolicy } from './define.ts';
import type { Container } from './kubernetes.ts';
import { list } from './settings.ts';

/**
 * The Pod Security Standards, level restricted, in full, so that what the cluster's admission would refuse is refused
 * before anything is changed: https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */

export const podHostNamespaces = podPolicy({
  name: 'pod-host-namespaces',
  description: 'Checks that no pod shares the network, process or IPC namespace of its node.',
  check({ spec }, say) {
    each(['hostNetwork', 'hostPID', 'hostIPC'] as const, field => {
      if (spec[field]) say(field, 'the pod shares a namespace of its node', 'leave it out');
    });
  },
});

export const containerPrivileged = containerPolicy({
  name: 'container-privileged',
  description: 'Checks that no container is privileged, and no Windows pod a host process.',
  check({ container }, say, { pod }) {
    all(
      () => {
        if (container.securityContext?.privileged) {
          say('securityContext.privileged', 'the container can do everything that the node can', 'leave it out');
        }
      },
      () => {
        if (
          container.securityContext?.windowsOptions?.hostProcess ??
          pod.spec.securityContext?.windowsOptions?.hostProcess
        ) {
          say(
            'securityContext.windowsOptions.hostProcess',
            'the container runs as a process of the node',
            'leave it out',
          );
        }
      },
    );
  },
});

export const containerPrivilegeEscalation = containerPolicy({
  name: 'container-privilege-escalation',
  description: 'Checks that no process of a container can gain more privileges than its parent.',
  check({ container }, say) {
    if (container.securityContext?.allowPrivilegeEscalation !== false) {
      say('securityContext.allowPrivilegeEscalation', 'is not false, which is not the default', 'set it to false');
    }
  },
});

export const containerCapabilities = containerPolicy({
  name: 'container-capabilities',
  description: 'Checks that every container drops all capabilities and adds none but NET_BIND_SERVICE.',
  check({ container }, say) {
    const capabilities = container.securityContext?.capabilities;
    all(
      () => {
        if (!capabilities?.drop?.includes('ALL')) {
          say('securityContext.capabilities.drop', 'not all capabilities are dropped', 'write ["ALL"]');
        }
      },
      () =>
        each(capabilities?.add, (capability, index) => {
          if (capability === 'NET_BIND_SERVICE') return;
          say(
            `securityContext.capabilities.add[${index}]`,
            `${capability} is added`,
            'add none, or NET_BIND_SERVICE only',
          );
        }),
    );
  },
});

const volumeTypes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

export const podVolumes = podPolicy({
  name: 'pod-volumes',
  description: 'Checks that pods mount only kinds of volumes which can’t reach the node: no hostPath, no raw disks.',
  check({ spec }, say) {
    each(spec.volumes, (volume, index) => {
      const kind = Object.keys(volume).find(key => key !== 'name' && !volumeTypes.includes(key));
      if (!kind) return;
      say(`volumes[${index}].${kind}`, 'this kind of volume is not restricted', `use one of ${volumeTypes.join(', ')}`);
    });
  },
});

export const containerHostPorts = containerPolicy({
  name: 'container-host-ports',
  description: 'Checks that no container takes a port of its node.',
  check({ container }, say) {
    each(container.ports, ({ hostPort }, index) => {
      if (hostPort) {
        say(`ports[${index}].hostPort`, `takes port ${hostPort} of the node`, 'leave it out and use a Service');
      }
    });
  },
});

/** Of the baseline level: what may be changed without any effect on other pods. */
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]);

export const podSysctls = podPolicy({
  name: 'pod-sysctls',
  description: 'Checks that pods set only kernel parameters that can’t harm other pods.',
  check({ spec }, say) {
    each(spec.securityContext?.sysctls, ({ name }, index) => {
      if (safeSysctls.has(name)) return;
      say(`securityContext.sysctls[${index}]`, `${name} is not a safe kernel parameter`, 'leave it out');
    });
  },
});

export const containerRunAsNonRoot = containerPolicy({
  name: 'container-run-as-non-root',
  description: 'Checks that every container, or its pod for it, says runAsNonRoot.',
  check({ container }, say, { pod }) {
    const own = container.securityContext?.runAsNonRoot;
    if (own ?? pod.spec.securityContext?.runAsNonRoot) return;
    say('securityContext.runAsNonRoot', 'the container may run as root', 'set it to true, here or for the pod');
  },
});

export const containerRunAsUser = containerPolicy({
  name: 'container-run-as-user',
  description: 'Checks that no container, and no pod for it, runs as user 0.',
  check({ container }, say, { pod }) {
    if ((container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser) !== 0) return;
    say('securityContext.runAsUser', 'user 0 is root', 'write the number of another user, such as 65532');
  },
});

const profiles = ['RuntimeDefault', 'Localhost'];

export const containerSeccomp = containerPolicy({
  name: 'container-seccomp',
  description: 'Checks that every container, or its pod for it, has the seccomp profile RuntimeDefault or Localhost.',
  check({ container }, say, { pod }) {
    const type = container.securityContext?.seccompProfile?.type ?? pod.spec.securityContext?.seccompProfile?.type;
    if (type !== undefined && profiles.includes(type)) return;
    say(
      'securityContext.seccompProfile.type',
      type ? `${type} lets every system call through` : 'there is no seccomp profile',
      'write RuntimeDefault, here or for the pod',
    );
  },
});

export const containerAppArmor = containerPolicy({
  name: 'container-app-armor',
  description: 'Checks that no container, and no pod for it, switches AppArmor off.',
  check({ container }, say, { pod }) {
    const type = container.securityContext?.appArmorProfile?.type ?? pod.spec.securityContext?.appArmorProfile?.type;
    if (type === undefined || profiles.includes(type)) return;
    say('securityContext.appArmorProfile.type', `is ${type}`, 'leave it out, or write RuntimeDefault');
  },
});

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

export const containerSeLinux = containerPolicy({
  name: 'container-se-linux',
  description: 'Checks that containers keep the runtime’s SELinux type, user and role.',
  check({ container }, say, { pod }) {
    const options = container.securityContext?.seLinuxOptions ?? pod.spec.securityContext?.seLinuxOptions;
    all(
      () => {
        const type = options?.type ?? '';
        if (!seLinuxTypes.includes(type)) say('securityContext.seLinuxOptions.type', `is ${type}`, 'leave it out');
      },
      () => {
        if (options?.user || options?.role) {
          say('securityContext.seLinuxOptions', 'sets a user or role', 'leave both out');
        }
      },
    );
  },
});

export const containerProcMount = containerPolicy({
  name: 'container-proc-mount',
  description: 'Checks that containers see /proc as the runtime masks it.',
  check({ container }, say) {
    const mount = container.securityContext?.procMount ?? 'Default';
    if (mount !== 'Default') say('securityContext.procMount', `is ${mount}`, 'leave it out');
  },
});

export const containerProbeHost = containerPolicy({
  name: 'container-probe-host',
  description: 'Checks that probes and lifecycle hooks ask the pod itself, not another host.',
  check({ container }, say) {
    each(handlersOf(container), ([path, handler]) => {
      each(['httpGet', 'tcpSocket'] as const, kind => {
        if (handler?.[kind]?.host) {
          say(`${path}.${kind}.host`, 'the kubelet would ask another host than the pod', 'leave it out');
        }
      });
    });
  },
});

type Handler = { httpGet?: { host?: string }; tcpSocket?: { host?: string } } | undefined;

const handlersOf = (container: Container): readonly [path: string, handler: Handler][] =>
  [
    ['livenessProbe', container.livenessProbe],
    ['readinessProbe', container.readinessProbe],
    ['startupProbe', container.startupProbe],
    ['lifecycle.postStart', container.lifecycle?.postStart],
    ['lifecycle.preStop', container.lifecycle?.preStop],
  ] as [string, Handler][];

// Beyond the standard.

export const containerReadOnlyRoot = containerPolicy({
  name: 'container-read-only-root',
  description: 'Checks that no container can write to its image’s files.',
  check({ container }, say) {
    if (container.securityContext?.readOnlyRootFilesystem === true) return;
    say(
      'securityContext.readOnlyRootFilesystem',
      'the container can write to its root',
      'set it to true and mount an emptyDir where it has to write',
    );
  },
});

export const podServiceAccountToken = podPolicy({
  name: 'pod-service-account-token',
  description: 'Checks that pods get no token for the Kubernetes API unless they are known to use it.',
  settings: {
    // The notifier watches pods, jobs and nodes, to tell of those in trouble.
    allowed: list(
      ['keda-*', 'notifier'],
      'Service accounts whose pods talk to the Kubernetes API; `*` stands for any text.',
    ),
  },
  check({ spec }, say, { settings }) {
    if (matchesAny(settings.allowed, spec.serviceAccountName ?? 'default')) return;
    const add = 'if the pod talks to the API, add its service account to `allowed` of this policy';
    all(
      () => {
        if (spec.automountServiceAccountToken === false) return;
        const wrong = 'the pod gets a token for the Kubernetes API';
        say('automountServiceAccountToken', wrong, `set it to false; ${add}`);
      },
      () =>
        each(spec.volumes, (volume, index) =>
          each(volume.projected?.sources, (source, at) => {
            if (!source.serviceAccountToken) return;
            const path = `volumes[${index}].projected.sources[${at}].serviceAccountToken`;
            say(path, 'the pod mounts a token for the Kubernetes API', `leave it out; ${add}`);
          }),
        ),
    );
  },
});

export const podServiceAccount = podPolicy({
  name: 'pod-service-account',
  description: 'Checks that every pod runs under a service account of its own, never the namespace’s default.',
  check({ spec }, say) {
    if (spec.serviceAccountName && spec.serviceAccountName !== 'default') return;
    say('serviceAccountName', 'the pod runs as the default service account', 'name a service account of its own');
  },
});

export const namespacePodSecurity = objectPolicy({
  name: 'namespace-pod-security',
  description: 'Checks that every namespace enforces the Pod Security level restricted.',
  kinds: ['Namespace'],
  check(namespace, say) {
    const key = 'pod-security.kubernetes.io/enforce';
    const level = namespace.labels()[key];
    if (level === 'restricted') return;
    say(`metadata.labels["${key}"]`, level ? `is ${level}` : 'is missing', 'write restricted');
  },
});
