import { PolicyPack } from '@pulumi/policy';
import { policies } from './policies.ts';

// The one place where it is constructed: a PolicyPack starts a server.
new PolicyPack('gocenter', { policies: [...policies], enforcementLevel: 'mandatory' });
