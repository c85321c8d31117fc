import { scaledBy } from './availability.ts';
import { all, each, matchesAny } from './check.ts';
import { stackPolicy } from './define.ts';
import { publicServices } from './exposure.ts';
import { eachContainer, isNamespaced } from './kubernetes.ts';
import { isEmpty, type LabelSelector, selects, spell } from './selectors.ts';
import { list } from './settings.ts';

/** What is named must be there: Kubernetes accepts a selector that selects nothing, and does nothing. */

type Port = { name?: string; port: number; targetPort?: number | string };
type ServiceSpec = { selector?: Record<string, string>; ports?: readonly Port[]; type?: string };

export const serviceSelects = stackPolicy({
  name: 'service-selects',
  description: 'Checks that every Service selects pods of its namespace.',
  check(stack, say) {
    each(stack.ofKind('Service'), service => {
      const { selector, type } = (service.props.spec ?? {}) as ServiceSpec;
      if (!selector || type === 'ExternalName') return;
      const labels = { matchLabels: selector };
      if (stack.hasPods(service.namespace(), pod => selects(labels, pod))) return;
      say(service, 'spec.selector', `no pods have ${spell(labels)}`, 'write labels of a pod template');
    });
  },
});

export const servicePorts = stackPolicy({
  name: 'service-ports',
  description: 'Checks that every port of a Service leads to a port of the containers that it selects.',
  check(stack, say) {
    each(stack.ofKind('Service'), service => {
      const spec = (service.props.spec ?? {}) as ServiceSpec;
      const selector = spec.selector && { matchLabels: spec.selector };
      const ports = stack
        .pods()
        .filter(({ object, pod }) => object.namespace() === service.namespace() && selects(selector, pod.labels()))
        .flatMap(({ pod }) => [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])])
        .flatMap(container => container.ports ?? []);
      // Containers need not list their ports; where none does, nothing can be said.
      if (ports.length === 0) return;
      each(spec.ports, ({ port, targetPort = port }, index) => {
        if (ports.some(({ name, containerPort }) => targetPort === name || targetPort === containerPort)) return;
        const instead = 'write the name or number of one of its ports';
        say(service, `spec.ports[${index}].targetPort`, `no selected container has port ${targetPort}`, instead);
      });
    });
  },
});

const selecting = (kind: string, name: string, description: string, field: 'selector' | 'podSelector') =>
  stackPolicy({
    name,
    description,
    check(stack, say) {
      each(stack.ofKind(kind), object => {
        const selector = (object.props.spec as Record<string, LabelSelector> | undefined)?.[field];
        // An empty selector is meant for all pods of the namespace, those to come as well.
        if (selector && isEmpty(selector)) return;
        if (stack.hasPods(object.namespace(), labels => selects(selector, labels))) return;
        const wrong = selector ? `no pods have ${spell(selector)}` : 'is missing';
        say(object, `spec.${field}`, wrong, 'write labels of a pod template in the namespace');
      });
    },
  });

export const disruptionBudgetSelects = selecting(
  'PodDisruptionBudget',
  'disruption-budget-selects',
  'Checks that every PodDisruptionBudget selects pods.',
  'selector',
);

export const networkPolicySelects = selecting(
  'NetworkPolicy',
  'network-policy-selects',
  'Checks that every NetworkPolicy selects pods.',
  'podSelector',
);

export const monitoringSelects = selecting(
  'PodMonitoring',
  'monitoring-selects',
  'Checks that every PodMonitoring selects pods.',
  'selector',
);

type MonitoringPort = { port?: number | string };

export const monitoringPorts = stackPolicy({
  name: 'monitoring-ports',
  description: 'Checks that every PodMonitoring asks a port that the selected pods have.',
  check(stack, say) {
    each(stack.ofKind('PodMonitoring'), object => {
      const spec = object.props.spec as { selector?: LabelSelector; endpoints?: readonly MonitoringPort[] } | undefined;
      const ports = stack
        .pods()
        .filter(
          ({ object: owner, pod }) => owner.namespace() === object.namespace() && selects(spec?.selector, pod.labels()),
        )
        .flatMap(({ pod }) => [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])])
        .flatMap(container => container.ports ?? []);
      if (ports.length === 0) return;
      each(spec?.endpoints, ({ port }, index) => {
        if (ports.some(({ name, containerPort }) => port === name || port === containerPort)) return;
        say(
          object,
          `spec.endpoints[${index}].port`,
          `no selected container has port ${port}`,
          'write one of its ports',
        );
      });
    });
  },
});

export const workloadMonitored = stackPolicy({
  name: 'workload-monitored',
  description: 'Checks that the metrics of every workload of ours are collected.',
  settings: { charts: list(['keda/*'], 'Workloads of charts, as `namespace/name`; `*` stands for any text.') },
  check(stack, say, { settings }) {
    each(stack.pods(), ({ object, pod }) => {
      if (!['Deployment', 'StatefulSet', 'DaemonSet'].includes(object.kind)) return;
      if (matchesAny(settings.charts, `${object.namespace()}/${object.name}`)) return;
      const monitored = stack.ofKind('PodMonitoring').some(monitoring => {
        const selector = (monitoring.props.spec as { selector?: LabelSelector } | undefined)?.selector;
        return monitoring.namespace() === object.namespace() && selects(selector, pod.labels());
      });
      if (!monitored) say(object, '', 'nobody collects its metrics', 'declare a PodMonitoring that selects its pods');
    });
  },
});

export const autoscalerTarget = stackPolicy({
  name: 'autoscaler-target',
  description: 'Checks that every autoscaler scales something that is there, and nothing is scaled twice.',
  check(stack, say) {
    const owners = new Map<string, string>();
    each(scaledBy(stack), ({ scaler, kind, name, path }) => {
      const place = `${kind} ${scaler.namespace()}/${name}`;
      if (!stack.find(kind, scaler.namespace(), name)) {
        say(scaler, path, `there is no ${place}`, 'name a workload of its namespace');
      }
      const other = owners.get(place);
      if (other) say(scaler, path, `${other} scales ${place} as well`, 'leave one of them out');
      owners.set(place, scaler.where);
    });
  },
});

export const routeBackends = stackPolicy({
  name: 'route-backends',
  description: 'Checks that routes lead to Services that are there, and hang on Gateways that are there.',
  check(stack, say) {
    all(
      () =>
        each(publicServices(stack), ({ route, namespace, name }) => {
          if (stack.find('Service', namespace, name)) return;
          say(route, 'spec.rules', `there is no Service ${namespace}/${name}`, 'name a Service of the stack');
        }),
      () =>
        each(stack.ofKind('HTTPRoute', 'GRPCRoute'), route => {
          const spec = route.props.spec as { parentRefs?: readonly { name: string; namespace?: string }[] } | undefined;
          each(spec?.parentRefs, ({ name, namespace = route.namespace() }, index) => {
            if (stack.find('Gateway', namespace, name)) return;
            say(
              route,
              `spec.parentRefs[${index}]`,
              `there is no Gateway ${namespace}/${name}`,
              'name one of the stack',
            );
          });
        }),
    );
  },
});

export const policyTargets = stackPolicy({
  name: 'policy-targets',
  description: 'Checks that policies of the Gateway (Cloud Armor, health checks, TLS) are on something that is there.',
  check(stack, say) {
    each(stack.ofKind('GCPBackendPolicy', 'HealthCheckPolicy', 'GCPGatewayPolicy'), policy => {
      const target = (policy.props.spec as { targetRef?: { kind?: string; name?: string } } | undefined)?.targetRef;
      if (target?.kind && target.name && stack.find(target.kind, policy.namespace(), target.name)) return;
      const place = `${target?.kind} ${policy.namespace()}/${target?.name}`;
      say(policy, 'spec.targetRef', `there is no ${place}`, 'name one of its namespace');
    });
  },
});

export const podReferences = stackPolicy({
  name: 'pod-references',
  description: 'Checks that the service accounts, ConfigMaps and secret classes that pods name are there.',
  settings: { given: list(['ConfigMap kube-root-ca.crt'], 'Objects that Kubernetes makes, as `kind name`.') },
  check(stack, say, { settings }) {
    each(stack.pods(), ({ object, pod: { spec, path } }) => {
      const needs = (kind: string, name: string | undefined, at: string) => {
        if (!name || settings.given.includes(`${kind} ${name}`) || stack.find(kind, object.namespace(), name)) return;
        say(object, at, `there is no ${kind} ${object.namespace()}/${name}`, 'name one of its namespace');
      };
      all(
        () => needs('ServiceAccount', spec.serviceAccountName, `${path}.serviceAccountName`),
        () =>
          each(spec.volumes, (volume, index) => {
            const at = `${path}.volumes[${index}]`;
            if (volume.configMap && !volume.configMap.optional)
              needs('ConfigMap', volume.configMap.name, `${at}.configMap`);
            needs('SecretProviderClass', volume.csi?.volumeAttributes?.secretProviderClass, `${at}.csi`);
          }),
        () =>
          eachContainer({ spec, path, labels: () => ({}) }, ({ container, path: at }) =>
            each(container.volumeMounts, (mount, index) => {
              if ((spec.volumes ?? []).some(volume => volume.name === mount.name) || object.kind === 'StatefulSet')
                return;
              say(
                object,
                `${at}.volumeMounts[${index}].name`,
                `there is no volume ${mount.name}`,
                'name one of the pod',
              );
            }),
          ),
      );
    });
  },
});

export const objectNamespace = stackPolicy({
  name: 'object-namespace',
  description: 'Checks that objects are in a namespace of the stack, never in default or one of the system’s.',
  settings: { system: list([], 'Namespaces of the system that may be used, such as gke-gmp-system.') },
  check(stack, say, { settings }) {
    const namespaces = new Set(stack.ofKind('Namespace').map(({ name }) => name));
    each(stack.objects, object => {
      if (!isNamespaced(object)) return;
      const namespace = object.namespace();
      if (namespace !== 'default' && (namespaces.has(namespace) || settings.system.includes(namespace))) return;
      const wrong = namespace === 'default' ? 'the object is in default' : `the stack has no namespace ${namespace}`;
      say(object, 'metadata.namespace', wrong, 'name a namespace of the stack');
    });
  },
});
