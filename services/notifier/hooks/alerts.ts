import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Fault } from '../../errors.ts';
import { digest, type Level } from '../notice.ts';
import { type HookEvent, type HookNotice, linkTo, timeOf } from './event.ts';

const text = Type.String({ maxLength: 10_000 });
const labels = Type.Record(Type.String(), text);

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
const Alertmanager = Type.Object({
  version: Type.Literal('4'),
  alerts: Type.Array(
    Type.Object({
      status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
      labels,
      annotations: Type.Optional(labels),
      startsAt: text,
      endsAt: Type.Optional(text),
      generatorURL: Type.Optional(text),
      fingerprint: Type.Optional(text),
    }),
    { maxItems: 1000 },
  ),
});
type Alert = Static<typeof Alertmanager>['alerts'][number];

const number = Type.Union([Type.Number(), Type.Null()]);
const optional = Type.Optional(Type.Union([text, Type.Null()]));

/** https://docs.cloud.google.com/monitoring/support/notification-options#webhooks */
const CloudMonitoring = Type.Object({
  version: Type.Optional(text),
  incident: Type.Object({
    incident_id: text,
    state: Type.Union([Type.Literal('open'), Type.Literal('closed'), Type.Literal('OPEN'), Type.Literal('CLOSED')]),
    started_at: Type.Number({ description: 'Seconds' }),
    ended_at: Type.Optional(number),
    policy_name: optional,
    condition_name: optional,
    summary: optional,
    severity: optional,
    url: optional,
  }),
});

/** What goes on firing is told again after this time, where whoever sends repeats it; a little less than an hour, in ms. */
const reminder = 55 * 60_000;

/** Throws `invalid` for what neither Alertmanager nor Cloud Monitoring sends. */
export function alertEvents(body: unknown, now: Date): HookEvent[] {
  if (Value.Check(Alertmanager, body)) return body.alerts.map(alert => alertmanagerEvent(alert, now));
  if (Value.Check(CloudMonitoring, body)) return [monitoringEvent(body.incident)];
  const isOurs = typeof body === 'object' && body !== null && 'incident' in body;
  const [first] = Value.Errors(isOurs ? CloudMonitoring : Alertmanager, body);
  const what = isOurs ? 'Cloud Monitoring' : 'Alertmanager (version 4)';
  throw new Fault('invalid', `this is not as ${what} sends it: ${first?.instancePath || 'it'} ${first?.message}`);
}

const levels: Readonly<Record<string, Level>> = { page: 'critical', critical: 'critical', info: 'info' };

function alertmanagerEvent(alert: Alert, now: Date): HookEvent {
  const { labels, annotations = {}, status } = alert;
  const started = timeOf(alert.startsAt);
  if (started === undefined) throw new Fault('invalid', `startsAt of an alert is ${alert.startsAt}, which is no time`);
  const isOver = status === 'resolved';
  const name = labels.alertname ?? 'alert';
  const key = alert.fingerprint ?? digest(JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
  const age = Math.max(0, now.getTime() - Date.parse(started));
  const told = Math.floor(age / reminder);
  const at = isOver ? (timeOf(alert.endsAt) ?? started) : new Date(Date.parse(started) + told * reminder).toISOString();
  const { summary = '', description = '', runbook_url } = annotations;
  const title = summary === '' ? name : `${name}: ${summary}`;
  return notice({
    id: `alert ${key} ${started} ${isOver ? 'over' : told}`,
    thread: `alert ${key} ${started}`,
    at,
    isOver,
    level: levels[labels.severity ?? ''] ?? 'warning',
    title: !isOver && told > 0 ? `Still: ${title}` : title,
    text: description,
    ...(runbook_url === undefined ? linkTo('Source', alert.generatorURL) : linkTo('Runbook', runbook_url)),
    data: { status, labels, startsAt: started },
  });
}

function monitoringEvent(incident: Static<typeof CloudMonitoring>['incident']): HookEvent {
  const { incident_id: id, started_at, ended_at, policy_name, condition_name, summary, severity, url } = incident;
  const isOver = incident.state.toLowerCase() === 'closed';
  const at = timeOf((isOver ? (ended_at ?? started_at) : started_at) * 1000);
  if (at === undefined) throw new Fault('invalid', `the incident ${id} has no time`);
  return notice({
    id: `incident ${id} ${isOver ? 'over' : 'open'}`,
    thread: `incident ${id}`,
    at,
    isOver,
    level: severity?.toLowerCase() === 'warning' ? 'warning' : 'critical',
    title: policy_name ?? condition_name ?? `incident ${id}`,
    text: summary ?? '',
    ...linkTo('See the incident', url ?? undefined),
    data: { incident: id, state: incident.state },
  });
}

function notice({
  isOver,
  level,
  title,
  ...told
}: Omit<HookNotice, 'type' | 'broadcast'> & { isOver: boolean }): HookNotice {
  if (!isOver) return { ...told, type: 'alert', level, title };
  return { ...told, type: 'alert', level: 'good', title: `Over: ${title}`, broadcast: true };
}
