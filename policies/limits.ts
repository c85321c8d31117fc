import { each } from './check.ts';
import { containerPolicy, objectPolicy, stackPolicy } from './define.ts';
import { quantity } from './quantities.ts';
import { integer, list, text } from './settings.ts';

const resources = list(['cpu', 'memory', 'ephemeral-storage'], 'Resources that must be given.');
const example: Readonly<Record<string, string>> = { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '64Mi' };

export const containerRequests = containerPolicy({
  name: 'container-requests',
  description: 'Checks that every container requests what it needs, so that the scheduler and autoscalers can count.',
  settings: { resources },
  check({ container }, say, { settings }) {
    each(settings.resources, name => {
      if (container.resources?.requests?.[name] === undefined) {
        say(`resources.requests.${name}`, 'there is no request', `write one, such as ${example[name] ?? '1'}`);
      }
    });
  },
});

export const containerLimits = containerPolicy({
  name: 'container-limits',
  description: 'Checks that every container has limits, so that none can starve its node.',
  settings: { resources },
  check({ container }, say, { settings }) {
    each(settings.resources, name => {
      if (container.resources?.limits?.[name] === undefined) {
        say(`resources.limits.${name}`, 'there is no limit', `write one, such as ${example[name] ?? '1'}`);
      }
    });
  },
});

export const containerLimitSizes = containerPolicy({
  name: 'container-limit-sizes',
  description: 'Checks that no container may grow beyond what a node of the smallest pool can give.',
  settings: {
    cpu: text('8', 'Largest limit of CPU.'),
    memory: text('16Gi', 'Largest limit of memory.'),
    'ephemeral-storage': text('64Gi', 'Largest limit of ephemeral storage.'),
  },
  check({ container }, say, { settings }) {
    each(['cpu', 'memory', 'ephemeral-storage'] as const, name => {
      const limit = container.resources?.limits?.[name];
      if (limit === undefined || quantity(limit) <= quantity(settings[name])) return;
      say(`resources.limits.${name}`, `is ${limit}`, `write a quantity of at most ${settings[name]}`);
    });
  },
});

export const containerRequestsWithinLimits = containerPolicy({
  name: 'container-requests-within-limits',
  description: 'Checks that no container requests more than its limit, which the API server would refuse.',
  check({ container }, say) {
    each(Object.keys(container.resources?.requests ?? {}), name => {
      const request = container.resources?.requests?.[name];
      const limit = container.resources?.limits?.[name];
      if (request === undefined || limit === undefined || quantity(request) <= quantity(limit)) return;
      say(`resources.requests.${name}`, `${request} is requested with a limit of ${limit}`, `write at most ${limit}`);
    });
  },
});

export const namespaceQuota = stackPolicy({
  name: 'namespace-quota',
  description: 'Checks that every namespace has a ResourceQuota that bounds its pods, CPU and memory.',
  check(stack, say) {
    each(stack.ofKind('Namespace'), namespace => {
      const quotas = stack.ofKind('ResourceQuota').filter(quota => quota.namespace() === namespace.name);
      const hard = quotas.map(quota => (quota.props.spec as { hard?: Record<string, string> } | undefined)?.hard ?? {});
      const missing = ['pods', 'limits.cpu', 'limits.memory'].filter(name => !hard.some(bounds => name in bounds));
      if (missing.length === 0) return;
      say(
        namespace,
        '',
        `nothing bounds its ${missing.join(', ')}`,
        'declare a ResourceQuota in it with these in spec.hard',
      );
    });
  },
});

export const namespaceLimitRange = stackPolicy({
  name: 'namespace-limit-range',
  description: 'Checks that every namespace has a LimitRange that bounds the largest pod or container.',
  check(stack, say) {
    each(stack.ofKind('Namespace'), namespace => {
      const ranges = stack.ofKind('LimitRange').filter(range => range.namespace() === namespace.name);
      const limits = ranges.flatMap(range => (range.props.spec as { limits?: { max?: unknown }[] })?.limits ?? []);
      if (limits.some(limit => limit.max)) return;
      say(namespace, '', 'one pod may take all of its quota', 'declare a LimitRange in it with spec.limits[0].max');
    });
  },
});

export const jobBounds = objectPolicy({
  name: 'job-bounds',
  description: 'Checks that jobs end: a deadline, few retries, and clean-up afterwards.',
  kinds: ['Job', 'CronJob'],
  settings: { retries: integer(6, 'Largest backoffLimit.') },
  check(object, say, { settings }) {
    const path = object.kind === 'Job' ? 'spec' : 'spec.jobTemplate.spec';
    type Spec = { activeDeadlineSeconds?: number; backoffLimit?: number; ttlSecondsAfterFinished?: number };
    const outer = object.props.spec as (Spec & { jobTemplate?: { spec?: Spec } }) | undefined;
    const spec = object.kind === 'Job' ? outer : outer?.jobTemplate?.spec;
    if (!spec?.activeDeadlineSeconds)
      say(`${path}.activeDeadlineSeconds`, 'there is no deadline', 'write one in seconds');
    if ((spec?.backoffLimit ?? 6) > settings.retries) {
      say(`${path}.backoffLimit`, `is ${spec?.backoffLimit}`, `write at most ${settings.retries}`);
    }
    if (object.kind === 'Job' && spec?.ttlSecondsAfterFinished === undefined) {
      say(`${path}.ttlSecondsAfterFinished`, 'the job stays for ever when it has ended', 'write a time in seconds');
    }
  },
});
