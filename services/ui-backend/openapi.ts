import type { TSchema } from 'typebox';
import { badgeKinds } from './badges.ts';
import { base, type Endpoint, endpointNames, endpoints } from './endpoints.ts';
import { ErrorAnswer } from './schemas/common.ts';

/** The OpenAPI 3.1 document, made from the table of endpoints. Its schemas are JSON Schema as they are. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = { ...otherPaths };
  const schemas: Record<string, object> = { Error: plain(ErrorAnswer) };
  for (const name of endpointNames) {
    const endpoint: Endpoint = endpoints[name];
    schemas[schemaName(name)] = plain(endpoint.answer);
    const path = base + endpoint.path;
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(name, endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'GoCenter',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Go modules that are kept here: found, read, compared, trusted. Answers are JSON; what is not known is null. An ' +
        'error is `{error: {kind, message}}`; 404 means that it is not here, and nothing else does. Access tokens, for ' +
        'private modules, are sent by Basic authorization. Lists go on with `cursor`, which is the `next` of the page before.',
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths,
    webhooks,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'basic', description: 'Any user name, the token as password' },
      },
      responses: { Error: { description: 'What is wrong', content: json({ $ref: '#/components/schemas/Error' }) } },
    },
  };
}

const schemaName = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

const json = (schema: object) => ({ 'application/json': { schema } });

/** Without typebox's own marks. */
const plain = (schema: TSchema): object => JSON.parse(JSON.stringify(schema));

function operation(name: string, { method, request, answer: _, about }: Endpoint): object {
  const required: readonly string[] = 'required' in request ? (request.required as string[]) : [];
  const parameters = Object.entries(request.properties).map(([parameter, schema]) => {
    const { description, ...rest } = plain(schema) as { description?: string };
    const about = { ...(description !== undefined && { description }), required: required.includes(parameter) };
    return { name: parameter, in: 'query', ...about, schema: rest };
  });
  return {
    operationId: name,
    summary: about,
    ...(method === 'POST' ? { requestBody: { required: true, content: json(plain(request)) } } : { parameters }),
    responses: {
      200: { description: about, content: json({ $ref: `#/components/schemas/${schemaName(name)}` }) },
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

const text = (name: string, where: string, description: string) => ({
  name,
  in: where,
  required: where === 'path',
  description,
  schema: { type: 'string' },
});

const other = (operationId: string, summary: string, type: string, parameters: object[]) => ({
  get: {
    operationId,
    summary,
    parameters,
    responses: {
      200: { description: summary, content: { [type]: { schema: { type: 'string' } } } },
      default: { $ref: '#/components/responses/Error' },
    },
  },
});

const moduleInPath = text('module', 'path', 'A module path, with its slashes as they are');

const otherPaths: Record<string, Record<string, object>> = {
  [`${base}/inclusion/events`]: other(
    'inclusionEvents',
    'The state of an inclusion whenever it changes, as server-sent events, until nothing more will happen.',
    'text/event-stream',
    [{ ...text('id', 'query', 'As `include` has given it'), required: true }],
  ),
  '/badge/{module}.svg': other('badge', 'A badge of a module.', 'image/svg+xml', [
    moduleInPath,
    { ...text('show', 'query', 'What it shows'), schema: { enum: badgeKinds, default: 'version' } },
  ]),
  '/feeds/{module}.atom': other('moduleFeed', 'Versions of a module as they come.', 'application/atom+xml', [
    moduleInPath,
  ]),
  '/feeds/search.atom': other('searchFeed', 'Modules that a search finds, as they come.', 'application/atom+xml', [
    text('q', 'query', 'Words'),
  ]),
  '/feeds/newest.atom': other('newestFeed', 'Versions as they are published.', 'application/atom+xml', []),
};

/** What a watch posts (notifier/webhook/send.ts). */
const webhooks = {
  notice: {
    post: {
      operationId: 'notice',
      summary: 'What a watch tells its webhook.',
      description:
        'Sent again for a day, with growing pauses, until it is answered with 2xx. `GoCenter-Signature` is `v0=` and the HMAC-SHA256, ' +
        'in hex, of `v0:<GoCenter-Timestamp>:<raw body>` under the secret of the watch: compare it in constant time, refuse ' +
        'timestamps that are more than five minutes away, and do nothing for a delivery that was seen before.',
      parameters: [
        ['GoCenter-Signature', '`v0=` and 64 hexadecimal digits'],
        ['GoCenter-Timestamp', 'When it was sent, in seconds since 1970'],
        ['GoCenter-Delivery', 'The id; the same when it is sent again'],
        ['GoCenter-Event', 'The type'],
      ].map(([name = '', description = '']) => ({ ...text(name, 'header', description), required: true })),
      requestBody: {
        required: true,
        content: json({
          type: 'object',
          required: ['id', 'type', 'at', 'watch', 'title', 'text'],
          properties: {
            id: { type: 'string' },
            type: { enum: ['watch.created', 'module.published', 'module.rejected', 'vulnerability.found'] },
            at: { type: 'string', format: 'date-time' },
            watch: { type: 'string' },
            title: { type: 'string' },
            text: { type: 'string' },
          },
        }),
      },
      responses: {
        '2XX': { description: 'It is accepted' },
        410: { description: 'Nothing more is wanted: the watch ends' },
      },
    },
  },
};
