import { userInfo } from 'node:os';
import { alarms } from './alarms.ts';
import type { Command } from './command.ts';
import { deadLetters, replay } from './dead-letters.ts';
import { exportParquet } from './export.ts';
import { include } from './include/index.ts';
import { log } from './log.ts';
import { migrate } from './migrate.ts';
import { recheck } from './recheck.ts';
import { reindex } from './reindex.ts';
import { release } from './release.ts';
import { request } from './request.ts';
import { stats } from './stats.ts';
import { status } from './status.ts';
import { watches } from './watches.ts';

export type { Command, CommandDeps } from './command.ts';

/** The operator's commands: `node services/main.ts <name> …`. */
export const commands: readonly Command[] = [
  status,
  log,
  request,
  include,
  recheck,
  release,
  deadLetters,
  replay,
  alarms,
  stats,
  exportParquet,
  watches,
  reindex,
  migrate,
];

/** The account that runs this process. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`; // the id has no name, as in many containers
  }
}
