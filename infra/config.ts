import { getStack, RunError, runtime } from '@pulumi/pulumi';
import { readStage, type Stage, StageError } from './stage.ts';

/** The one place that reads Pulumi's configuration: all keys of the project, those that nobody knows included. */
export function stageFromConfig(): Stage {
  const prefix = 'gocenter:';
  const values = Object.entries(runtime.allConfig())
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), parse(value)]);
  try {
    return readStage(getStack(), Object.fromEntries(values));
  } catch (error) {
    // The engine prints a RunError as it is, without the stack of a defect.
    throw error instanceof StageError ? new RunError(error.message) : error;
  }
}

/** Pulumi hands over tables and lists as JSON, and everything else as the text that it is. */
function parse(value: string): unknown {
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
