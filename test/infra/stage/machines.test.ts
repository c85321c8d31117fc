import { describe, expect, it } from 'vitest';
import { capacityOf, roomOn } from '../../../infra/stage/machines.ts';

describe('the room for pods', () => {
  it('of a node is what GKE’s tiers leave, less the DaemonSets', () => {
    // 3920m and 13,621 MiB are allocatable on four cores and 16 GiB; of 100 GB disk 49 GiB.
    expect(roomOn({ machineType: 'e2-standard-4', diskGb: 100 })).toEqual({
      millicores: 3920 - 450,
      mebibytes: 13_621 - 800,
      diskMebibytes: 49 * 1024 - 1024,
    });
  });

  it('grows with the machine, and is always less than its capacity', () => {
    const sizes = [2, 4, 8, 16, 32, 48].map(count => ({ machineType: `n2d-standard-${count}`, diskGb: 100 + count }));
    const rooms = sizes.map(roomOn);
    rooms.forEach((room, index) => {
      const capacity = capacityOf(sizes[index] ?? { machineType: '', diskGb: 0 });
      for (const key of ['millicores', 'mebibytes', 'diskMebibytes'] as const) {
        expect(room?.[key]).toBeLessThan(capacity?.[key] ?? 0);
        expect(room?.[key]).toBeGreaterThan(rooms[index - 1]?.[key] ?? 0);
      }
    });
  });

  it.each(['z9-standard-4', 'e2-mega-4', 'e2-standard-1', 'e2'])('is not known of %s', machineType => {
    expect(roomOn({ machineType, diskGb: 100 })).toBeUndefined();
  });
});
