/** What the engine puts for a text that a preview can't know yet; `@pulumi/policy` takes it for any type. */
export const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

type Step = string | number;
type Node = Record<Step, unknown>;

/** `spec.containers[0].args` in its steps; a name with dots is written `["a.b"]`. */
function stepsOf(path: string): Step[] {
  const parts = path.matchAll(/\["([^"]+)"\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...parts].map(([, quoted, index, name]) => quoted ?? (index === undefined ? (name ?? '') : Number(index)));
}

/** Writes a value at a path, making what is missing on the way; undefined removes what is there. */
export function write(root: object, path: string, value: unknown): void {
  const steps = stepsOf(path);
  const last = steps.pop();
  if (last === undefined) throw new Error('a path has at least one step');
  let at = root as Node;
  steps.forEach((step, index) => {
    at[step] ??= typeof (steps[index + 1] ?? last) === 'number' ? [] : {};
    at = at[step] as Node;
  });
  if (value === undefined && Array.isArray(at)) at.splice(Number(last), 1);
  else if (value === undefined) delete at[last];
  else at[last] = structuredClone(value);
}

/** Paths of all values that are no tables or lists themselves. */
export function leaves(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) =>
    leaves(item, /[./]/.test(key) ? `${path}["${key}"]` : path ? `${path}.${key}` : key),
  );
}
