import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Fault } from '../../errors.ts';
import type { Level } from '../notice.ts';
import { type HookEvent, linkTo, timeOf } from './event.ts';

const text = Type.String({ maxLength: 2000 });
const maybe = Type.Union([text, Type.Null()]);

const Repository = Type.Object({ full_name: text });

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run */
const WorkflowRun = Type.Object({
  action: text,
  workflow_run: Type.Object({
    id: Type.Integer(),
    name: Type.Optional(maybe),
    head_branch: Type.Optional(maybe),
    head_sha: text,
    run_number: Type.Integer(),
    run_attempt: Type.Optional(Type.Integer()),
    conclusion: Type.Optional(maybe),
    html_url: text,
    updated_at: text,
  }),
  repository: Repository,
});

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_suite */
const CheckSuite = Type.Object({
  action: text,
  check_suite: Type.Object({
    id: Type.Integer(),
    head_branch: Type.Optional(maybe),
    head_sha: text,
    conclusion: Type.Optional(maybe),
    updated_at: text,
    app: Type.Optional(Type.Object({ name: text, slug: Type.Optional(text) })),
  }),
  repository: Repository,
});

const levels: Readonly<Record<string, Level>> = {
  success: 'good',
  failure: 'critical',
  timed_out: 'critical',
  startup_failure: 'critical',
  action_required: 'warning',
};

/** `event` is the header X-GitHub-Event. Throws `invalid` for what is not as GitHub sends it. */
export function githubEvent(event: string, body: unknown): HookEvent {
  if (event === 'ping') return { ignored: 'a ping: the hook works' };
  if (event === 'workflow_run') return workflowEvent(parse(WorkflowRun, body, event));
  if (event === 'check_suite') return suiteEvent(parse(CheckSuite, body, event));
  return { ignored: `${event} is not told of; workflow_run and check_suite are` };
}

function workflowEvent({ action, workflow_run: run, repository }: Static<typeof WorkflowRun>): HookEvent {
  if (action !== 'completed') return { ignored: `the run is ${action}; only results are told` };
  const name = run.name ?? 'workflow';
  const branch = run.head_branch ?? 'no branch';
  const attempt = run.run_attempt ?? 1;
  return result({
    id: `github workflow_run ${repository.full_name} ${run.id} ${attempt}`,
    thread: `ci ${repository.full_name} ${name} ${branch}`,
    at: run.updated_at,
    conclusion: run.conclusion ?? 'unknown',
    what: `${repository.full_name}: ${name} #${run.run_number}`,
    text: `${branch} at ${run.head_sha.slice(0, 12)}${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    url: run.html_url,
  });
}

function suiteEvent({ action, check_suite: suite, repository }: Static<typeof CheckSuite>): HookEvent {
  if (action !== 'completed') return { ignored: `the suite is ${action}; only results are told` };
  // Actions' own suites come as workflow runs too.
  if (suite.app?.slug === 'github-actions') return { ignored: 'suites of GitHub Actions are told of as workflow runs' };
  const name = suite.app?.name ?? 'checks';
  const branch = suite.head_branch ?? 'no branch';
  return result({
    id: `github check_suite ${repository.full_name} ${suite.id} ${suite.updated_at}`,
    thread: `ci ${repository.full_name} ${name} ${branch}`,
    at: suite.updated_at,
    conclusion: suite.conclusion ?? 'unknown',
    what: `${repository.full_name}: ${name}`,
    text: `${branch} at ${suite.head_sha.slice(0, 12)}`,
    url: `https://github.com/${repository.full_name}/commit/${suite.head_sha}/checks`,
  });
}

function result(told: {
  id: string;
  thread: string;
  at: string;
  conclusion: string;
  what: string;
  text: string;
  url: string;
}): HookEvent {
  const { id, thread, conclusion, what, text, url } = told;
  const at = timeOf(told.at);
  if (at === undefined) throw new Fault('invalid', `${told.at} is no time`);
  return {
    id,
    thread,
    type: 'ci',
    at,
    level: levels[conclusion] ?? 'info',
    title: `${what}: ${conclusion.replaceAll('_', ' ')}`,
    text,
    ...linkTo('See the run', url),
    data: { conclusion, url },
  };
}

function parse<T extends typeof WorkflowRun | typeof CheckSuite>(schema: T, body: unknown, event: string): Static<T> {
  if (Value.Check(schema, body)) return body as Static<T>;
  const [first] = Value.Errors(schema, body);
  throw new Fault('invalid', `this is no ${event} of GitHub: ${first?.instancePath || 'it'} ${first?.message}`);
}
