import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';

interface Node {
  description?: string;
  properties?: Record<string, Node>;
  items?: Node;
  additionalProperties?: unknown;
  patternProperties?: Record<string, Node>;
}

/** What is wrong with the shape of `value`, as sentences that begin with a path such as `pools.workers.max`. */
export function shapeFaults(schema: TSchema, value: unknown): string[] {
  const faults = Value.Errors(schema, value).flatMap(error => {
    const path = segments(error.instancePath);
    const at = path.join('.') || 'the stage';
    const inside = path.length === 0 ? '' : `${path.join('.')}.`;
    if (error.keyword === 'required') {
      return error.params.requiredProperties.map(key => {
        const wanted = describe(find(schema as Node, [...path, key]));
        return `${inside}${key} is missing: it must be ${wanted}`;
      });
    }
    if (error.keyword === 'additionalProperties') {
      return error.params.additionalProperties.map(key => {
        const known = Object.keys(find(schema as Node, path)?.properties ?? {});
        return `${inside}${key} is unknown: here can be ${known.join(', ')}`;
      });
    }
    // A closed table's own "false" for each key that it does not know.
    const node = find(schema as Node, path);
    if (error.keyword === 'boolean' || !node) return [];
    return [`${at} is ${show(Value.Pointer.Get(value, error.instancePath))}: it must be ${describe(node)}`];
  });
  return [...new Set(faults)];
}

const segments = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function find(node: Node | undefined, path: readonly string[]): Node | undefined {
  const [head, ...rest] = path;
  if (node === undefined || head === undefined) return node;
  const child = node.properties?.[head] ?? (node.items && /^\d+$/.test(head) ? node.items : undefined);
  return find(child ?? Object.values(node.patternProperties ?? {})[0], rest);
}

const describe = (node: Node | undefined): string =>
  node?.description ??
  (node?.properties ? `a table with ${Object.keys(node.properties).join(', ')}` : 'something else');

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
