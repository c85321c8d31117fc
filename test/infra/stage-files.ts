import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { readStage, type Stage, type StageName } from '../../infra/stage.ts';

export const stageNames = ['dev', 'integration', 'systest', 'staging', 'prod'] as const satisfies StageName[];

interface Project {
  config: Record<string, { default?: unknown; value?: unknown }>;
}

const read = (file: string): unknown => parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));

/** A stage's configuration as the engine makes it: the stage's file over the project's defaults. Keys have their namespace. */
function configuration(stage: StageName): Record<string, unknown> {
  const project = read('Pulumi.yaml') as Project;
  const { config } = read(`Pulumi.${stage}.yaml`) as { config: Record<string, unknown> };
  const defaults = Object.entries(project.config)
    .map(([key, { default: fallback, value }]) => [key.includes(':') ? key : `gocenter:${key}`, value ?? fallback])
    .filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(defaults), ...config };
}

/** As the program sees it: tables and lists are JSON. */
export const configOf = (stage: StageName): Record<string, string> =>
  Object.fromEntries(
    Object.entries(configuration(stage)).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );

/** The values of a stage, before they are checked. */
export const valuesOf = (stage: StageName): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(configuration(stage))
      .filter(([key]) => key.startsWith('gocenter:'))
      .map(([key, value]) => [key.slice('gocenter:'.length), value]),
  );

export const stageOf = (stage: StageName): Stage => readStage(stage, valuesOf(stage));
