import type { Message } from '../messaging/topics.ts';
import type { Notice } from './notice.ts';
import type { Watch } from './watches.ts';

/** What people are told of modules. `pages` is the address of the pages, without a slash at the end. */

type Published = Message<'module.published'>;
type Rejected = Message<'module.rejected'>;
type Found = Message<'vulnerability.found'>;

export function publishedNotice({ module, version, publishedAt, hash }: Published, pages: string): Notice {
  const url = `${pages}/${module}@${version}`;
  return {
    id: `published ${module}@${version}`,
    type: 'module.published',
    at: publishedAt,
    level: 'info',
    thread: `module ${module}`,
    title: `${module} ${version} is published`,
    text: '',
    link: { label: 'What is new', url },
    data: { module, version, publishedAt, hash, url },
  };
}

export function rejectedNotice({ module, version, rejectedAt, reasons }: Rejected, pages: string): Notice {
  const url = `${pages}/${module}@${version}`;
  return {
    // A version that was released and refused again is another event.
    id: `rejected ${module}@${version} ${rejectedAt}`,
    type: 'module.rejected',
    at: rejectedAt,
    level: 'warning',
    thread: `module ${module}`,
    title: `${module} ${version} was refused`,
    text: reasonsText(reasons),
    link: { label: 'Why', url },
    data: { module, version, rejectedAt, reasons, url },
  };
}

export const reasonsText = (reasons: readonly { rule: string; message: string }[]) =>
  reasons.map(({ rule, message }) => (message.startsWith(`${rule}:`) ? message : `${rule}: ${message}`)).join('\n');

export function vulnerabilityNotice({ v: _, ...found }: Found, pages: string): Notice {
  const { id, module, versions, fixed, summary, foundAt } = found;
  const url = `${pages}/${module}`;
  const affected = versions.length > 5 ? `${versions.slice(0, 5).join(', ')} and older ones` : versions.join(', ');
  const remedy = fixed === undefined ? 'No version with a fix is known.' : `Fixed in ${fixed}.`;
  return {
    // Found anew when another version turns out to be affected.
    id: `vulnerability ${id} ${module} ${versions[0] ?? ''}`,
    type: 'vulnerability.found',
    at: foundAt,
    level: 'critical',
    thread: `module ${module}`,
    title: `${id} affects ${module}`,
    text: `${summary}\nAffected here: ${affected}. ${remedy}`,
    link: { label: 'Details', url },
    data: { ...found, url },
  };
}

/** The first that a target hears of a watch: it shows that the target is there, and how to end the watch. */
export function watchNotice({ id, subject, events, createdAt }: Watch, pages: string): Notice {
  const what = 'module' in subject ? subject.module : `the search “${subject.search}”`;
  const url = `${pages}/watches/${id}`;
  return {
    id: `watch ${id}`,
    type: 'watch.created',
    at: createdAt,
    level: 'info',
    thread: 'module' in subject ? `module ${subject.module}` : `watch ${id}`,
    title: `Watching ${what}`,
    text: `You are told here of: ${events.map(event => eventNames[event]).join(', ')}.`,
    link: { label: 'See or end this watch', url },
    data: { watch: id, ...subject, events, url },
  };
}

const eventNames = {
  published: 'new versions',
  rejected: 'refused versions',
  vulnerability: 'vulnerabilities',
} as const;
