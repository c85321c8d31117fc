import type { Config } from '../../config.ts';

/**
 * Whether a watch, which anybody may make, may have a channel written into: SLACK_WATCH_CHANNELS lists it, and it is
 * not that of the operators. Names are the same with and without `#`.
 */
export function mayWatchInto(
  channel: string,
  { SLACK_CHANNEL, SLACK_WATCH_CHANNELS }: Pick<Config, 'SLACK_CHANNEL' | 'SLACK_WATCH_CHANNELS'>,
): boolean {
  const name = bare(channel);
  if (name === bare(SLACK_CHANNEL)) return false;
  // A pattern is of names: an ID says nothing of whose channel it is.
  const isId = /^[CGD][A-Z0-9]{7,}$/.test(name);
  return SLACK_WATCH_CHANNELS.map(bare).some(pattern =>
    pattern.endsWith('*') ? !isId && name.startsWith(pattern.slice(0, -1)) : pattern === name,
  );
}

const bare = (channel: string) => channel.replace(/^#/, '');
