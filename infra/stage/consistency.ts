import { clusterFaults } from './cluster-faults.ts';
import { networkFaults } from './network-faults.ts';
import type { Stage } from './schema.ts';
import { serviceFaults } from './service-faults.ts';

/** What no single value shows: that they agree with each other. Sentences that begin with a path. */
export function consistencyFaults(stage: Stage): string[] {
  return [...placeFaults(stage), ...networkFaults(stage), ...clusterFaults(stage), ...serviceFaults(stage)];
}

function placeFaults({ region, zones, dns, database, storage }: Stage): string[] {
  const faults = zones
    .map((zone, index) => ({ zone, index }))
    .filter(({ zone }) => !zone.startsWith(`${region}-`))
    .map(({ zone, index }) => `zones.${index} is ${zone}, which is not in the region ${region}`);
  for (const key of ['proxy', 'page'] as const) {
    const host = dns[key];
    if (host !== dns.domain && !host.endsWith(`.${dns.domain}`)) {
      faults.push(`dns.${key} is ${host}: it must be ${dns.domain} or a name in it`);
    }
  }
  if (dns.proxy === dns.page) faults.push(`dns.page is ${dns.page}, which is the proxy's name: each needs its own`);
  if (database.diskGb > database.maxDiskGb) {
    faults.push(`database.diskGb is ${database.diskGb}, more than database.maxDiskGb, which is ${database.maxDiskGb}`);
  }
  if (storage.softDeleteDays > 0 && storage.softDeleteDays < 7) {
    faults.push(`storage.softDeleteDays is ${storage.softDeleteDays}: Cloud Storage takes 0, or 7 to 90`);
  }
  return faults;
}
