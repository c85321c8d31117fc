export { configOf, stageNames, stageOf, valuesOf } from '../../infra/stage/files.ts';
