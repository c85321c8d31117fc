import { expect, it } from 'vitest';
import { policies } from '../../policies/policies.ts';
import { stageSettings } from '../../policies/stage-settings.ts';

it('a level alone is that level, and a table without one keeps the policy’s own', () => {
  const said = {
    'image-digest': 'advisory',
    'autoscaler-bounds': { most: 200 },
    'cloud-labels': { labels: ['app'] },
    'pod-volumes': { enforcementLevel: 'disabled' },
  };
  expect(stageSettings(policies, said)).toEqual({
    'image-digest': { enforcementLevel: 'advisory' },
    'autoscaler-bounds': { enforcementLevel: 'mandatory', most: 200 },
    'cloud-labels': { enforcementLevel: 'remediate', labels: ['app'] },
    'pod-volumes': { enforcementLevel: 'disabled' },
  });
});

it('every fault is named in one error', () => {
  const said = {
    'image-digset': 'advisory',
    'image-digest': 'advise',
    'autoscaler-bounds': { maximum: 200 },
    'cluster-dataplane': { x: 1 },
    'pod-volumes': 3,
  };
  expect(() => stageSettings(policies, said)).toThrow(
    [
      'the stage’s settings of policies have faults:',
      '  image-digset is unknown: there is no policy of that name',
      '  image-digest: advise is no level: write one of advisory, mandatory, remediate, disabled',
      '  autoscaler-bounds.maximum is unknown: it has least, leastCritical, critical, most, exempt',
      '  cluster-dataplane.x is unknown: it has no settings',
      '  pod-volumes is neither a level nor a table',
    ].join('\n'),
  );
});
