import { runtime } from '@pulumi/pulumi';

/** A resource as the program declares it. */
export interface Declared {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/**
 * Runs `build` as a Pulumi program without an engine and gives what it declares. Outputs that a cloud would compute are
 * made of the name: `<name>.id`, `serviceAccount:<name>` and so on, so that a test can see what is wired to what.
 * `made` may take its time to make a resource, as a cloud does; it is told what is declared so far.
 */
export async function declare(
  build: () => void,
  made: (type: string, declared: readonly Declared[]) => unknown = () => {},
): Promise<Declared[]> {
  const declared: Declared[] = [];
  await runtime.setMocks(
    {
      async newResource({ type, name, inputs, custom }) {
        if (custom !== false) declared.push({ type, name, inputs });
        await made(type, declared);
        return { id: `${name}.id`, state: { ...computed(name), ...inputs } };
      },
      call({ token }) {
        throw new Error(`the program asked the cloud: ${token}`);
      },
    },
    'gocenter',
    'test',
    false,
  );
  build();
  await runtime.disconnect(false);
  return declared;
}

const computed = (name: string) => ({
  name,
  member: `serviceAccount:${name}`,
  email: `${name}@example`,
  writerIdentity: `serviceAccount:writer-of-${name}`,
  connectionName: `project:region:${name}`,
  result: `random-${name}`,
});

/** The inputs of the only resource of this type whose name is, or ends with, `name`. */
export function one(declared: readonly Declared[], type: string, name = ''): Record<string, unknown> {
  const found = declared.filter(each => each.type === type && (each.name === name || each.name.endsWith(name)));
  const [only, ...more] = found;
  if (only === undefined || more.length > 0) {
    throw new Error(`${found.length} resources ${type} … ${name}: ${found.map(each => each.name).join(', ')}`);
  }
  return only.inputs;
}

export const ofType = (declared: readonly Declared[], type: string) => declared.filter(each => each.type === type);
