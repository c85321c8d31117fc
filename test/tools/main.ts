import { buildTools, type Tool, toolNames } from './index.ts';

// `node test/tools/main.ts [tool …]`: builds the named tools, or all, and prints where they are.
const asked = process.argv.slice(2);
const unknown = asked.filter(name => !toolNames.some(tool => tool === name));
if (unknown.length > 0) {
  console.error(`There is no tool ${unknown.join(', ')}. There are: ${toolNames.join(', ')}.`);
  process.exit(2);
}
for (const path of Object.values(await buildTools(asked.length > 0 ? (asked as Tool[]) : toolNames))) console.log(path);
