import type { ResourceValidationPolicy, StackValidationPolicy } from '@pulumi/policy';
import * as analytics from './analytics.ts';
import * as availability from './availability.ts';
import * as cost from './cost.ts';
import * as dataProtection from './data-protection.ts';
import * as exposure from './exposure.ts';
import * as identity from './identity.ts';
import * as images from './images.ts';
import * as labels from './labels.ts';
import * as limits from './limits.ts';
import * as messaging from './messaging.ts';
import * as operations from './operations.ts';
import * as podSecurity from './pod-security.ts';
import * as rbac from './rbac.ts';
import * as references from './references.ts';
import * as secrets from './secrets.ts';
import * as traffic from './traffic.ts';

export type Policy = ResourceValidationPolicy | StackValidationPolicy;

/** All policies, by theme. A theme's file exports its policies and helpers of other themes; only policies have a name. */
export const themes: readonly { title: string; policies: readonly Policy[] }[] = (
  [
    ['Limits', limits],
    ['Labels', labels],
    ['Secrets', secrets],
    ['Pod Security, restricted and beyond', podSecurity],
    ['Exposure', exposure],
    ['Traffic within the cluster', traffic],
    ['Images', images],
    ['Availability', availability],
    ['References', references],
    ['Data protection', dataProtection],
    ['Identity', identity],
    ['Rights within the cluster', rbac],
    ['Messaging', messaging],
    ['Analytics', analytics],
    ['Operations', operations],
    ['Cost', cost],
  ] as const
).map(([title, theme]) => ({
  title,
  policies: Object.values<object>(theme).filter((value): value is Policy => 'name' in value && 'description' in value),
}));

export const policies: Policy[] = themes.flatMap(theme => theme.policies);
