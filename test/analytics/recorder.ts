import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A request as it came over the wire. */
export interface Recorded {
  method: string;
  path: string;
  query: Readonly<Record<string, string>>;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: unknown;
}

/** What it is answered with: a status and a JSON body or a page, or never. */
export type Answer = { status?: number; body?: unknown; html?: string } | 'hang';

export interface Recorder extends AsyncDisposable {
  url: string;
  requests: Recorded[];
  /** Decides on each request. */
  answer: (request: Recorded) => Answer | Promise<Answer>;
}

/** Stands for Google's REST servers: keeps what it is asked, and answers as it is told. */
export async function startRecorder(answer: Recorder['answer']): Promise<Recorder> {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://recorder');
    const { method = '', headers } = request;
    const body = method === 'GET' ? undefined : await json(request).catch(() => undefined);
    const recorded = { method, path: pathname, query: Object.fromEntries(searchParams), headers, body };
    recorder.requests.push(recorded);
    const answered = await answerTo(recorded);
    if (answered === 'hang') return;
    const { status = 200, body: given = {}, html } = answered;
    response.writeHead(status, { 'content-type': html === undefined ? 'application/json' : 'text/html' });
    response.end(html ?? JSON.stringify(given));
  }).listen(0, '127.0.0.1');
  /** A fault of the stand-in itself is told at once, instead of tried again. */
  const answerTo = async (request: Recorded): Promise<Answer> => {
    try {
      return await recorder.answer(request);
    } catch (error) {
      return { status: 400, body: { error: { code: 400, message: String(error), errors: [] } } };
    }
  };
  await once(server, 'listening');
  const recorder: Recorder = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    answer,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return recorder;
}

const names: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** An error as Google's servers say it. */
export const refusal = (code: number, reason = 'backendError'): Answer => {
  const message = `the recorder says ${code}`;
  return { status: code, body: { error: { code, message, status: names[code], errors: [{ reason, message }] } } };
};
