import { Key } from '@pulumi/gcp/serviceaccount/key.js';
import { each } from './check.ts';
import { cloudPolicy, containerPolicy, objectPolicy } from './define.ts';
import { secretIn, secretInFile } from './secret-shapes.ts';
import { list } from './settings.ts';

/**
 * Secrets are references, never values: Secret Manager holds them and a volume mounts them. A value in a manifest is in
 * the state, in etcd, in every `kubectl get` and in the diff of every preview.
 */
const instead = 'keep it in Secret Manager and mount it as a file';

export const secretInEnvironment = containerPolicy({
  name: 'secret-in-environment',
  description: 'Checks that no environment variable holds a secret, by its name or by its value’s shape.',
  settings: { public: list(['SUMDB', 'GOSUMDB'], 'Variables whose values are public keys.') },
  check({ container }, say, { settings }) {
    each(container.env, (variable, index) => {
      const found = settings.public.includes(variable.name) ? undefined : secretIn(variable.name, variable.value ?? '');
      if (found) say(`env[${index}].value`, `${variable.name} holds ${found}`, instead);
    });
  },
});

export const secretByEnvironment = containerPolicy({
  name: 'secret-by-environment',
  description: 'Checks that secrets come as files: a variable is inherited by children and printed by crash reports.',
  check({ container }, say) {
    each(container.env, (variable, index) => {
      if (variable.valueFrom?.secretKeyRef) {
        say(`env[${index}].valueFrom.secretKeyRef`, `${variable.name} is taken from a Secret`, instead);
      }
    });
    each(container.envFrom, (source, index) => {
      if (source.secretRef) say(`envFrom[${index}].secretRef`, 'all of a Secret becomes variables', instead);
    });
  },
});

export const secretInArguments = containerPolicy({
  name: 'secret-in-arguments',
  description: 'Checks that no command line holds a secret; every process of the node can read it.',
  check({ container }, say) {
    each(['command', 'args'] as const, field =>
      each(container[field], (argument, index) => {
        const [, flag = '', value = argument] = /^--?([\w-]+)=(.*)$/s.exec(argument) ?? [];
        const found = secretIn(flag, value);
        if (found) say(`${field}[${index}]`, `holds ${found}`, instead);
      }),
    );
  },
});

export const secretInConfigMap = objectPolicy({
  name: 'secret-in-config-map',
  description: 'Checks that no ConfigMap holds a secret, by a key’s name or by its text’s shape.',
  kinds: ['ConfigMap'],
  check({ props }, say) {
    const data = props.data as Record<string, string> | undefined;
    each(Object.keys(data ?? {}), key => {
      const found = secretInFile(key, data?.[key] ?? '');
      if (found) say(`data["${key}"]`, `holds ${found}`, instead);
    });
  },
});

export const secretObject = objectPolicy({
  name: 'secret-object',
  description: 'Checks that the stack declares no Kubernetes Secret with values.',
  kinds: ['Secret'],
  // Managed Alertmanager takes its configuration from this one only; ours has addresses within the cluster in it.
  exempt: ['gmp-public/alertmanager'],
  check({ props }, say) {
    each(['data', 'stringData'] as const, field => {
      if (Object.keys((props[field] as object | undefined) ?? {}).length > 0) {
        say(field, 'the values are in the state and in etcd', instead);
      }
    });
  },
});

export const secretInAnnotation = objectPolicy({
  name: 'secret-in-annotation',
  description: 'Checks that no label or annotation holds a secret.',
  check(object, say) {
    each(
      [
        ['labels', object.labels()],
        ['annotations', object.annotations()],
      ] as const,
      ([field, values]) =>
        each(Object.keys(values), key => {
          const found = secretInFile(key.split('/').at(-1) ?? '', values[key] ?? '');
          if (found) say(`metadata.${field}["${key}"]`, `holds ${found}`, instead);
        }),
    );
  },
});

export const serviceAccountKey = cloudPolicy(Key, {
  name: 'service-account-key',
  description: 'Checks that no service account has a key that could be stolen.',
  check(_, say) {
    say('', 'is a key that never expires', 'use Workload Identity, or Workload Identity Federation from outside');
  },
});
