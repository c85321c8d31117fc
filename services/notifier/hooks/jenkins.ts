import Type from 'typebox';
import { Value } from 'typebox/value';
import { Fault } from '../../errors.ts';
import type { Level } from '../notice.ts';
import { type HookEvent, linkTo, timeOf } from './event.ts';

const text = Type.String({ maxLength: 2000 });

/** https://plugins.jenkins.io/notification */
const Notification = Type.Object({
  name: text,
  display_name: Type.Optional(text),
  url: Type.Optional(text),
  build: Type.Object({
    full_url: Type.Optional(text),
    number: Type.Integer(),
    /** Of the build's start, in ms. */
    timestamp: Type.Optional(Type.Integer()),
    phase: text,
    status: Type.Optional(text),
    url: Type.Optional(text),
    scm: Type.Optional(
      Type.Object({ url: Type.Optional(text), branch: Type.Optional(text), commit: Type.Optional(text) }),
    ),
    log: Type.Optional(Type.String()),
  }),
});

const levels: Readonly<Record<string, Level>> = { SUCCESS: 'good', FAILURE: 'critical', UNSTABLE: 'warning' };

/** `at` is when it came, for plugins that send no time. Throws `invalid` for what is not as Jenkins sends it. */
export function jenkinsEvent(body: unknown, at: Date): HookEvent {
  if (!Value.Check(Notification, body)) {
    const [first] = Value.Errors(Notification, body);
    throw new Fault('invalid', `this is no notification of Jenkins: ${first?.instancePath || 'it'} ${first?.message}`);
  }
  const { name, build } = body;
  const { phase, status = 'UNKNOWN', number, scm = {} } = build;
  // Both are sent of one build; whichever comes first is told.
  if (phase !== 'COMPLETED' && phase !== 'FINALIZED')
    return { ignored: `the build is ${phase}; only results are told` };
  const branch = scm.branch?.replace(/^origin\//, '') ?? '';
  const commit = scm.commit?.slice(0, 12) ?? '';
  return {
    id: `jenkins ${build.full_url ?? `${name} ${number}`} ${build.timestamp ?? ''}`,
    thread: `ci jenkins ${name} ${branch}`,
    type: 'ci',
    at: timeOf(build.timestamp) ?? startOfDay(at),
    level: levels[status] ?? 'info',
    title: `${body.display_name ?? name} #${number}: ${status.toLowerCase().replaceAll('_', ' ')}`,
    text: [branch, commit].filter(part => part !== '').join(' at '),
    ...linkTo('See the build', build.full_url),
    ...(status !== 'SUCCESS' && build.log !== undefined && { log: build.log }),
    data: { conclusion: status, url: build.full_url ?? null },
  };
}

/** The time is a part of what a repeat is recognised by, so without one the day has to do. */
const startOfDay = (at: Date) => `${at.toISOString().slice(0, 10)}T00:00:00.000Z`;
