import { PolicyPack } from '@pulumi/policy';
import { Config } from '@pulumi/pulumi';
import { policies } from './policies.ts';
import { stageSettings } from './stage-settings.ts';

// The one place where it is constructed: a PolicyPack starts a server. The engine gives it the stack's configuration, so
// that what differs on a stage stands with the stage's other values.
const said = new Config('gocenter').getObject<Record<string, unknown>>('policies') ?? {};
new PolicyPack('gocenter', { policies, enforcementLevel: 'mandatory' }, stageSettings(policies, said));
