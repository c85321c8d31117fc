import { Provider } from '@pulumi/kubernetes/provider.js';
import { Platform } from '../../../infra/workloads/platform.ts';
import { stageOf } from '../../infra/stage-files.ts';
import { backends } from '../../infra/workloads/fixtures.ts';

const kubernetes = new Provider('kubernetes', { enableServerSideApply: true });
new Platform('platform', { stage: stageOf('dev'), backends }, { provider: kubernetes });
