import type { TObject } from 'typebox';
import { Compile, type Validator } from 'typebox/schema';
import type { Catalogue } from '../catalogue/index.ts';
import { Fault } from '../errors.ts';
import type { Access, Reader } from '../proxy/access.ts';
import { clientKey } from '../proxy/rate.ts';
import type { Handlers, View } from './answers/handlers.ts';
import type { Api, Caller } from './client.ts';
import { type EndpointName, endpointNames, endpoints } from './endpoints.ts';
import { createKeptAnswers, type Kept } from './kept.ts';
import { visibleTo } from './visible.ts';

/** Answers for whoever may ask: requests are checked, private modules hidden, hot answers kept. */
export interface Answers {
  /** Throws `invalid` when the request does not fit the endpoint's schema. */
  ask(name: EndpointName, request: unknown, caller?: Caller): Promise<Kept>;
  /** A text of what the caller may see, for what is no endpoint; kept as answers are, by `key` and for whom. */
  keep(key: string, fresh: number, caller: Caller, make: (view: View) => Promise<string>): Promise<string>;
  /** Forgets what is kept: to be called when the catalogue has changed. */
  changed(): void;
  readonly keptBytes: number;
}

export function createAnswers(deps: {
  catalogue: Catalogue;
  access: Access;
  /** Whether there are private modules at all. */
  anyPrivate: boolean;
  handlers: Handlers;
  /** Memory for hot answers. */
  maxBytes: number;
}): Answers {
  const { catalogue, access, anyPrivate, handlers } = deps;
  const kept = createKeptAnswers(deps.maxBytes);

  const viewOf = (caller: Caller = {}): View => {
    const reader = access.identify(caller.authorization);
    const { name } = reader;
    const client = name === undefined ? clientKey(caller.address ?? '') : `token ${name}`;
    return { reader, client, catalogue: visibleTo(reader, catalogue, anyPrivate) };
  };
  return {
    async ask(name, request, caller) {
      const checked = check(name, request);
      const its = viewOf(caller);
      const key = `${readerKey(its.reader)} ${name} ${JSON.stringify(checked)}`;
      const handle = handlers[name] as (request: unknown, view: View) => Promise<unknown>;
      return kept.get(key, endpoints[name].fresh, () => handle(checked, its));
    },
    async keep(key, fresh, caller, make) {
      const its = viewOf(caller);
      const { value } = await kept.get(`${readerKey(its.reader)} ${key}`, fresh, () => make(its));
      return value as string;
    },
    changed: () => kept.clear(),
    get keptBytes() {
      return kept.bytes;
    },
  };
}

/** The API without HTTP, for pages in the same process. */
export function createApi(answers: Answers): Api {
  const methods = endpointNames.map(name => [
    name,
    async (request: unknown, caller?: Caller) => (await answers.ask(name, request, caller)).value,
  ]);
  return Object.fromEntries(methods) as Api;
}

const readerKey = ({ name }: Reader) => (name === undefined ? '-' : JSON.stringify(name));

const validators = new Map<EndpointName, Validator>();

/** The request without what is undefined, its properties in the schema's order: equal requests are equal as JSON. */
function check(name: EndpointName, request: unknown): Record<string, unknown> {
  const schema = endpoints[name].request;
  const validator = validators.get(name) ?? Compile(schema);
  validators.set(name, validator);
  const given = Object.entries(request ?? {}).filter(([, value]) => value !== undefined);
  const order = Object.keys(schema.properties);
  const ordered = Object.fromEntries(given.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
  if (!validator.Check(ordered)) throw new Fault('invalid', complaint(validator, ordered, schema));
  return ordered;
}

function complaint(validator: Validator, request: Record<string, unknown>, schema: TObject): string {
  const names = Object.keys(schema.properties);
  const unknown = Object.keys(request).find(name => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
    return `there is no parameter ${JSON.stringify(unknown.slice(0, 100))}; ${known}`;
  }
  const [, errors] = validator.Errors(request);
  const [first] = errors;
  const name = first?.instancePath.slice(1).split('/')[0];
  if (!name) return `the request ${first?.message ?? 'is malformed'}`;
  const choices = choicesOf(schema.properties[name]);
  if (choices !== undefined) return `${name} must be ${choices}`;
  if (request[name] === '') return `${name} must not be empty`;
  return `${first?.instancePath.slice(1).replaceAll('/', '.')} ${first?.message}`;
}

/** `one of a, b`, where the schema knows no other values. */
function choicesOf(schema: unknown): string | undefined {
  const { anyOf, items } = (schema ?? {}) as { anyOf?: { const?: unknown }[]; items?: unknown };
  if (items !== undefined) return choicesOf(items)?.replace(/^/, 'a list of ');
  if (anyOf === undefined || !anyOf.every(each => typeof each.const === 'string')) return undefined;
  return `one of ${anyOf.map(each => each.const).join(', ')}`;
}
