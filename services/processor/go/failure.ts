import { Fault, type FaultKind } from '../../errors.ts';

/**
 * What the go command's messages mean, first match first: it says in words alone what kind of error it has, and wraps
 * trouble of the network in `invalid version`. Sources: cmd/go/internal/{modfetch,vcs,modload,web}, git's remote-curl.
 */
const meanings: readonly (readonly [RegExp, FaultKind])[] = [
  [/GOVCS disallows/, 'refused'],
  [/returned error: 40[13]|: 40[13] (Unauthorized|Forbidden)/, 'refused'],
  [/transport '\w+' not allowed|redirected from secure URL/, 'refused'],
  [/timed out|i\/o timeout|deadline exceeded|Timeout|too slow/i, 'timed-out'],
  // Hosts ask for a password where there is nothing, so as not to say which repositories are private.
  [/could not read (Username|Password)|terminal prompts disabled|Authentication failed/, 'not-found'],
  [/unable to access|could not resolve|connection|hung up|early EOF|RPC failed|x509:|tls:|dial tcp/i, 'unavailable'],
  [/: 5\d\d |returned error: 5\d\d|executable file not found|No space left/, 'unavailable'],
  [/: 410 Gone/, 'gone'],
  [/unknown revision|no matching versions|not found|no go-import meta tag|disagree about go-import/i, 'not-found'],
  [/invalid version|no commits|ambiguous revision|malformed module path|is not a module/, 'not-found'],
  [/go\.mod has|missing (module path|\S*go\.mod)|cannot contain module|mismatched repo/, 'not-found'],
];

const longestMessage = 500;

/**
 * What a failed run of the go command means. `text` is its own message; `wayOut` what was refused or failed on the way
 * out; `secrets` are replaced wherever they are, such as the job's folder.
 */
export function goFault(text: string, wayOut: Fault | undefined, secrets: readonly string[]): Fault {
  if (wayOut?.kind === 'refused') return wayOut;
  const kind = meanings.find(([pattern]) => pattern.test(text))?.[1] ?? 'unavailable';
  if (kind === 'unavailable' && wayOut !== undefined) return wayOut;
  let message = text;
  for (const secret of secrets) message = message.replaceAll(secret, '…');
  const lines = message
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
  // An absence is told on the first line, with the version; trouble on the last, by the tool that had it.
  const line = (kind === 'not-found' || kind === 'gone' ? lines[0] : lines.at(-1)) ?? 'go failed without a word';
  return new Fault(kind, line.replaceAll(/[^\P{C} ]/gu, '').slice(0, longestMessage));
}
