import type { IncomingHttpHeaders } from 'node:http';
import { Fault } from '../../errors.ts';
import type { Provider } from './verify.ts';

/** A tag that was made, or told of. */
export interface TagEvent {
  /** Host and path of the repository, as a module path begins. */
  repository: string;
  tag: string;
}

/** What a verified webhook says: a tag, or why it says nothing of interest. Throws `invalid` when it can't be read. */
export type ReadEvent = TagEvent | { ignored: string };

/**
 * Reads the events of tags, pushes and releases; all others are ignored, so that a hook may be set for everything.
 * https://docs.github.com/webhooks, https://docs.gitlab.com/user/project/integrations/webhook_events/,
 * https://docs.gitea.com/usage/webhooks
 */
export function readEvent(provider: Provider, headers: IncomingHttpHeaders, body: Buffer): ReadEvent {
  const payload = parse(headers['content-type'] ?? '', body);
  return provider === 'gitlab' ? readGitlab(payload) : readGithub(eventOf(provider, headers), payload);
}

type Payload = Record<string, unknown>;

function parse(type: string, body: Buffer): Payload {
  let parsed: unknown;
  try {
    const isForm = type.startsWith('application/x-www-form-urlencoded');
    parsed = JSON.parse((isForm ? new URLSearchParams(body.toString()).get('payload') : body.toString()) ?? '');
  } catch {
    throw new Fault('invalid', 'the body is not JSON; set the content type of the webhook to application/json');
  }
  if (!isRecord(parsed)) throw new Fault('invalid', 'the body is no JSON object');
  return parsed;
}

function eventOf(provider: Provider, headers: IncomingHttpHeaders): string {
  const event = headers[`x-${provider}-event`] ?? headers['x-forgejo-event'];
  if (typeof event !== 'string')
    throw new Fault('invalid', `the header X-${provider === 'github' ? 'GitHub' : 'Gitea'}-Event is missing`);
  return event;
}

/** Gitea's payloads are made like GitHub's. */
function readGithub(event: string, payload: Payload): ReadEvent {
  const repository = () => address(record(payload, 'repository').html_url);
  if (event === 'create') {
    if (payload.ref_type !== 'tag') return { ignored: 'a branch was made, not a tag' };
    return { repository: repository(), tag: tagOf(payload.ref) };
  }
  if (event === 'push') {
    if (payload.deleted === true || isZero(payload.after))
      return { ignored: 'it was removed; what is kept here stays' };
    if (!isTagRef(payload.ref)) return { ignored: 'a branch was pushed, not a tag' };
    return { repository: repository(), tag: tagOf(payload.ref) };
  }
  if (event === 'release') {
    const release = record(payload, 'release');
    if (payload.action === 'deleted' || payload.action === 'unpublished' || release.draft === true) {
      return { ignored: 'the release was withdrawn, or is a draft' };
    }
    return { repository: repository(), tag: tagOf(release.tag_name) };
  }
  return { ignored: `${JSON.stringify(event.slice(0, 50))} is no event of a tag` };
}

function readGitlab(payload: Payload): ReadEvent {
  const repository = () => address(record(payload, 'project').web_url);
  if (payload.object_kind === 'tag_push' || payload.event_name === 'tag_push') {
    if (isZero(payload.after)) return { ignored: 'it was removed; what is kept here stays' };
    return { repository: repository(), tag: tagOf(payload.ref) };
  }
  if (payload.object_kind === 'release') {
    if (payload.action === 'delete') return { ignored: 'the release was withdrawn' };
    return { repository: repository(), tag: tagOf(payload.tag) };
  }
  return { ignored: 'it is no event of a tag' };
}

const isRecord = (value: unknown): value is Payload =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function record(payload: Payload, name: string): Payload {
  const value = payload[name];
  if (!isRecord(value)) throw new Fault('invalid', `the payload has no ${name}`);
  return value;
}

const isZero = (commit: unknown) => typeof commit === 'string' && /^0+$/.test(commit);
const isTagRef = (ref: unknown) => typeof ref === 'string' && ref.startsWith('refs/tags/');

function tagOf(ref: unknown): string {
  if (typeof ref !== 'string' || ref === '' || ref.length > 512) throw new Fault('invalid', 'the payload names no tag');
  return ref.replace(/^refs\/tags\//, '');
}

/** `https://github.com/a/b` as `github.com/a/b`: the host in lower case, the path as it is written. */
function address(url: unknown): string {
  if (typeof url !== 'string' || url.length > 1024 || !URL.canParse(url)) {
    throw new Fault('invalid', 'the payload does not say where its repository is');
  }
  const { hostname, pathname } = new URL(url);
  return `${hostname}${pathname.replace(/\/+$/, '').replace(/\.git$/, '')}`;
}
