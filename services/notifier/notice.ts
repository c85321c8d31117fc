import { createHash } from 'node:crypto';

/** Something that people or programs are told of, whatever the way. */
export interface Notice {
  /** What is told, unique: however often it is heard of, it is told once. */
  id: string;
  /** `module.published`; for programs. */
  type: string;
  /** When it happened, RFC 3339: a property of the event, so that a repeat has the same. */
  at: string;
  level: Level;
  /** What belongs together in a conversation: a module, an incident, a branch that is built. */
  thread: string;
  /** One line of plain text. */
  title: string;
  /** Plain text; empty when the title says all. */
  text: string;
  link?: { label: string; url: string };
  /** Others that are told of in this one: what a flood becomes. The rest of them is counted in the title. */
  items?: readonly Pick<Notice, 'level' | 'title' | 'link'>[];
  /** Preformatted, such as the last lines of a log. */
  log?: string;
  /** Shown in the channel as well when it is told in a thread: how an incident has ended. */
  broadcast?: boolean;
  /** What a program is given. */
  data: Readonly<Record<string, unknown>>;
}

export type Level = 'good' | 'info' | 'warning' | 'critical';

/**
 * Where it goes. A channel is told once, whoever watches for it; each webhook has a secret of its own. `watch` keeps the log.
 * `shares`: what it has in common with others, so that all of those together get no more than a part of our attention.
 */
export type Target =
  | { kind: 'slack'; channel: string; watch?: string; shares?: undefined }
  | { kind: 'webhook'; watch: string; shares?: readonly string[] };

export const targetKey = (target: Target) =>
  target.kind === 'slack' ? `slack ${target.channel}` : `webhook ${target.watch}`;

/** 24 characters for a key of the store. */
export const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 24);
