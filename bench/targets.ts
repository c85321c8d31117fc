import type { Cold } from './cold.ts';
import type { Sample } from './load.ts';

/** What was measured: medians by resource, then by server. */
export interface Results {
  warm: Record<string, Record<string, Sample>>;
  cold: Record<string, Cold>;
  /** MB (10⁶ bytes) of the service. */
  memory: { now: number; peak: number } | undefined;
}

export interface Verdict {
  target: string;
  measured: string;
  met: boolean;
}

/** Of nginx's requests a second. */
const nginxTargets: Record<string, number> = { info: 0.6, mod: 0.6, 'zip-18k': 0.45, 'zip-2m': 1.5 };
const peerTargets: Record<string, number> = { goproxy: 1.3, athens: 2 };
const coldTarget = 100;
const memoryTarget = 350;

/** The targets that these results say something about. */
export function verdicts({ warm, cold, memory }: Results): Verdict[] {
  const list: Verdict[] = [];
  const add = (target: string, measured: string, met: boolean) => list.push({ target, measured, met });
  for (const [resource, servers] of Object.entries(warm)) {
    const { gocenter: ours, nginx, ...peers } = servers;
    if (ours === undefined) continue;
    const least = nginxTargets[resource];
    if (nginx && least !== undefined) {
      const ratio = ours.requestsPerSecond / nginx.requestsPerSecond;
      add(`${resource}: ≥ ${least} × nginx`, `${ratio.toFixed(2)} ×`, ratio >= least);
    }
    for (const [name, peer] of Object.entries(peers)) {
      const factor = peerTargets[name];
      const ratio = ours.requestsPerSecond / peer.requestsPerSecond;
      if (factor !== undefined) add(`${resource}: ≥ ${factor} × ${name}`, `${ratio.toFixed(2)} ×`, ratio >= factor);
      const times = `${ours.p99.toFixed(2)} : ${peer.p99.toFixed(2)} ms`;
      add(`${resource}: p99 no worse than ${name}`, times, ours.p99 <= peer.p99);
    }
  }
  const overhead = cold.gocenter?.overhead;
  if (overhead !== undefined)
    add(`cold overhead ≤ ${coldTarget} ms`, `${overhead.toFixed(1)} ms`, overhead <= coldTarget);
  if (memory) add(`resident memory < ${memoryTarget} MB`, `${memory.peak.toFixed(0)} MB`, memory.peak < memoryTarget);
  return list;
}
