import type { Answer } from '../../../ui-backend/endpoints.ts';
import { type Html, html } from '../../html.ts';
import { includeLink, moduleLink } from '../../links.ts';
import { empty, path, tag } from '../../parts/common.ts';
import { choice } from '../../visit.ts';
import { asked, type Tab, tabLink } from './tab.ts';

type Node = Answer<'requirements'>['nodes'][number];
interface Branch {
  node: Node;
  below: Branch[];
}

const depths = ['1', '2', '3', '5', '10'] as const;
const maxNodes = 500;

export const requirementsTab: Tab = async (visit, subject) => {
  const depth = choice(visit.query, 'depth', depths) ?? '2';
  const wanted = { ...asked(subject), depth: Number(depth), limit: maxNodes };
  const { nodes, more } = await visit.api.requirements(wanted, visit.caller);
  if (nodes.length === 0) {
    return empty(
      'It requires nothing',
      html`<p>Its go.mod has no requirements: the standard library is all it uses.</p>`,
    );
  }
  const branches = grow(nodes);
  const direct = branches.filter(({ node }) => !node.indirect);
  const indirect = branches.filter(({ node }) => node.indirect);
  return html`
    <div>
      <nav class="chips" aria-label="Depth">
        ${depths.map(
          each => html`
            <a href=${tabLink(subject, 'requirements', { depth: each })} aria-current=${each === depth ? 'true' : undefined}>
              ${each === '1' ? 'go.mod alone' : `${each} levels`}
            </a>`,
        )}
      </nav>
      ${direct.length > 0 && html`<section><h2>Direct</h2><div class="tree">${tree(direct)}</div></section>`}
      ${
        indirect.length > 0 &&
        html`<section><h2>Indirect <small>marked so in its go.mod</small></h2><div class="tree">${tree(indirect)}</div></section>`
      }
      ${more && html`<p class="quiet-text">The tree goes on; these are its first ${maxNodes} lines.</p>`}
    </div>`;
};

/** The tree of what is told in preorder. */
function grow(nodes: readonly Node[]): Branch[] {
  const top: Branch[] = [];
  const open: Branch[][] = [top];
  for (const node of nodes) {
    const branch: Branch = { node, below: [] };
    (open[node.depth - 1] ?? top).push(branch);
    open.length = Math.min(open.length, node.depth);
    open.push(branch.below);
  }
  return top;
}

const states: Partial<Record<Node['state'], string>> = {
  repeated: 'told above',
  cycle: 'requires this in turn',
};

const tree = (branches: readonly Branch[]): Html => html`
  <ul>
    ${branches.map(
      ({ node, below }) => html`
        <li>
          ${
            below.length === 0
              ? line(node)
              : html`<details open=${node.depth <= 1}><summary>${line(node)}</summary>${tree(below)}</details>`
          }
        </li>`,
    )}
  </ul>`;

const line = (node: Node): Html => html`
  <span class="tree-line">
    <a href=${node.state === 'absent' ? includeLink(node.module, node.version) : moduleLink(node.module, node.version)}>${path(node.module)}</a>
    <span class="version">${node.version}</span>
    ${node.state === 'absent' && tag('not here', 'warn')}
    ${states[node.state] && html`<span class="quiet-text">${states[node.state]}</span>`}
  </span>`;
