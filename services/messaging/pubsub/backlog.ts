import { Fault } from '../../errors.ts';

/** Milliseconds for one request to Cloud Monitoring. */
const timeout = 5000;
/** Seconds back in which a subscription has a point for certain; they are written each minute. */
const window = 600;

const metrics = {
  depth: 'pubsub.googleapis.com/subscription/num_undelivered_messages',
  oldestAge: 'pubsub.googleapis.com/subscription/oldest_unacked_message_age',
};

export interface FiguresOptions {
  project: string;
  /** `https://monitoring.googleapis.com`, or an emulator's address. */
  url: string;
  /** Headers that authorize a request to this address. */
  headers: (url: string) => Promise<Headers | Record<string, string>>;
  /** Milliseconds that figures are kept. */
  cache: number;
}

export interface Figures {
  depth: number;
  /** Seconds. */
  oldestAge: number;
}

/**
 * The backlogs of all subscriptions of a project as Cloud Monitoring knows them: of one to four minutes ago. Pub/Sub itself
 * tells no count. Throws `unavailable` when it does not answer, or has nothing of the subscription yet.
 */
export function createFigures(options: FiguresOptions): (subscription: string) => Promise<Figures> {
  let known: { until: number; figures: Promise<Map<string, Figures>> } | undefined;

  async function all(): Promise<Map<string, Figures>> {
    const [depths, ages] = await Promise.all([series(options, metrics.depth), series(options, metrics.oldestAge)]);
    return new Map([...depths].map(([id, depth]) => [id, { depth, oldestAge: ages.get(id) ?? 0 }]));
  }

  return async subscription => {
    const now = performance.now();
    if (known === undefined || known.until <= now) {
      const asked = { until: now + options.cache, figures: all() };
      known = asked;
      asked.figures.catch(() => {
        if (known === asked) known = undefined;
      });
    }
    const figures = (await known.figures).get(subscription);
    if (figures === undefined) {
      throw new Fault('unavailable', `Cloud Monitoring has no figures of the subscription ${subscription} yet`);
    }
    return figures;
  };
}

interface TimeSeries {
  timeSeries?: {
    resource: { labels: { subscription_id: string } };
    /** The newest first. */
    points: { value: { int64Value: string } }[];
  }[];
}

/** The newest value of each subscription (Cloud Monitoring's projects.timeSeries.list). */
async function series({ project, url, headers }: FiguresOptions, metric: string): Promise<Map<string, number>> {
  const end = Date.now();
  const query = new URLSearchParams({
    filter: `metric.type = "${metric}" AND resource.type = "pubsub_subscription"`,
    'interval.startTime': new Date(end - window * 1000).toISOString(),
    'interval.endTime': new Date(end).toISOString(),
    pageSize: '10000',
  });
  const address = `${url}/v3/projects/${project}/timeSeries?${query}`;
  const doing = (reason: string, cause?: unknown) =>
    new Fault('unavailable', `Cloud Monitoring does not tell the backlog: ${reason}`, { cause });
  let response: Response;
  try {
    response = await fetch(address, { headers: await headers(address), signal: AbortSignal.timeout(timeout) });
  } catch (error) {
    throw doing('it can’t be reached', error);
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw doing(
      response.status === 403
        ? 'grant this service’s identity roles/monitoring.viewer'
        : `HTTP status ${response.status}`,
    );
  }
  const { timeSeries = [] } = (await response.json()) as TimeSeries;
  return new Map(
    timeSeries.map(({ resource, points }) => [resource.labels.subscription_id, Number(points[0]?.value.int64Value)]),
  );
}
