import { versionKey } from '../../services/records/index.ts';

export interface Answer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  /** The beginning of the bytes. */
  text: string;
}

/** A GET request. Throws when there is no whole answer: refused, reset, cut short. */
export async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.subarray(0, 100_000).toString() };
}

/** The address of a version's file at a GOPROXY. */
export const fileUrl = (goproxy: string, module: string, version: string, kind: 'info' | 'mod' | 'zip') =>
  `${goproxy}/${versionKey(module, version)}.${kind}`;

/** Polls until the condition is true; throws what was last seen after `limit` milliseconds. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limit = 30_000,
  pause = 25,
): Promise<void> {
  const end = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${limit} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}

/** Asks again and again until the answer has this status. Returns all the answers, that one last. */
export async function askUntil(url: string, status: number, limit = 30_000): Promise<Answer[]> {
  const answers: Answer[] = [];
  await until(
    `${url} answers ${status}`,
    async () => {
      answers.push(await get(url));
      if (answers.length > 2) answers.splice(1, answers.length - 2);
      return answers.at(-1)?.status === status;
    },
    limit,
    100,
  );
  return answers;
}

/** The value of a metric, 0 when it has none yet. `labels` as they are printed: `{reason="changed-bytes"}`. */
export async function metric(admin: string, name: string, labels = ''): Promise<number> {
  const { text } = await get(`${admin}/metrics`);
  const line = text.split('\n').find(each => each.startsWith(`${name}${labels} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** Waits until nothing waits for the processor or the validator, and nothing is being handled by them. */
export const untilIdle = (admin: string, limit = 30_000): Promise<void> =>
  untilEmpty(admin, '(?:processor|validator)', limit);

/** Waits until nothing waits for any service, the catalogue's included, and nothing is being handled. */
export const untilAllIdle = (admin: string, limit = 30_000): Promise<void> => untilEmpty(admin, '[^"]+', limit);

async function untilEmpty(admin: string, subscriptions: string, limit: number): Promise<void> {
  const waiting = new RegExp(`^gocenter_queue_depth\\{subscription="${subscriptions}"\\} [1-9].*$`, 'm');
  let found = '';
  const isEmpty = async () => {
    const { text } = await get(`${admin}/metrics`);
    found = waiting.exec(text)?.[0] ?? '';
    return found === '';
  };
  await until('the queues are empty', isEmpty, limit).catch(error => {
    throw new Error(`${(error as Error).message}: ${found}`);
  });
}
