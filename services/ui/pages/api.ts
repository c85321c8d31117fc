import { base, type Endpoint, endpointNames, endpoints } from '../../ui-backend/endpoints.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../page.ts';
import { column, copyLine, tableOf, tag } from '../parts/common.ts';
import type { Visit } from '../visit.ts';

interface Parameter {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  anyOf?: Parameter[];
  minimum?: number;
  maximum?: number;
}

export function apiPage({ pagesUrl }: Visit): Page {
  return {
    title: 'API',
    section: '/api',
    body: html`
      <div class="stack">
        <header class="page-head">
          <h1>API</h1>
          <p class="lead">
            Everything on these pages, as JSON. Described for programs by <a href="/api/openapi.json">openapi.json</a> (OpenAPI);
            the repository itself is a GOPROXY.
          </p>
          ${copyLine(`curl '${pagesUrl}${base}/search?q=uuid'`, 'an example of a search')}
        </header>
        <section>
          <h2>Endpoints</h2>
          ${endpointNames.map(name => endpointCard(name, endpoints[name]))}
        </section>
        <section>
          <h2>Errors</h2>
          <p>
            Anything but 200 has <code>${'{"error": {"kind", "message"}}'}</code>: a kind and a sentence that says what to do. Only${' '}
            <code>not-found</code> is 404. After 429 and 503, <code>Retry-After</code> says when to ask again.
          </p>
        </section>
        <section id="webhooks">
          <h2>Webhooks</h2>
          <p>
            A watch posts JSON: <code>id</code>, <code>type</code>, <code>at</code>, <code>title</code>, <code>text</code> and what its
            type adds. <code>GoCenter-Signature</code> is <code>v0=</code> and the HMAC-SHA256, in hex, of${' '}
            <code>${'v0:<GoCenter-Timestamp>:<body as it came>'}</code> under the secret of the watch:
          </p>
          <pre class="file" tabindex="0" aria-label="How a signature is checked, in Go">${checkInGo}</pre>
          <p>
            Refuse timestamps that are more than five minutes away, and do nothing for a <code>GoCenter-Delivery</code> that you have
            seen. Answer 2xx within ten seconds; anything else is sent again, for a day. A watch of which nothing was accepted by
            then ends; 410 ends it at once.
          </p>
        </section>
        <section>
          <h2>Badges</h2>
          <p>For a README: <code>/badge/</code>, the module, <code>.svg</code>; <code>show</code> chooses what it tells.</p>
          ${copyLine(`${pagesUrl}/badge/github.com/google/uuid.svg?show=version`, 'the address of a badge')}
          <p class="quiet-text">version, licence, downloads, vulnerabilities, kept</p>
        </section>
        <section>
          <h2>Atom feeds</h2>
          <ul>
            <li><a href="/feeds/newest.atom"><code>/feeds/newest.atom</code></a>: what was published last</li>
            <li><code>/feeds/search.atom?q=…</code>: what a search finds</li>
            <li><code>/feeds/</code>, a module, <code>.atom</code>: its versions, published or refused</li>
          </ul>
        </section>
      </div>`,
  };
}

const checkInGo = `func signed(secret string, header http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", header.Get("GoCenter-Timestamp"), body)
	want := "v0=" + hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(header.Get("GoCenter-Signature")))
}`;

const endpointCard = (name: string, { method, path, about, request, fresh }: Endpoint): Html => {
  const required = new Set((request as { required?: string[] }).required ?? []);
  const parameters = Object.entries(request.properties as Record<string, Parameter>);
  return html`
    <section class="endpoint" id=${name}>
      <h3>${tag(method, method === 'GET' ? 'info' : 'good')} <code>${base + path}</code></h3>
      <div>
      <p>${about}${fresh > 0 && html` <span class="quiet-text">May be up to ${fresh} s old.</span>`}</p>
      ${
        parameters.length > 0 &&
        html`<details>
          <summary>${method === 'GET' ? 'Query' : 'JSON body'}: ${parameters.map(([parameter]) => parameter).join(', ')}</summary>
          ${tableOf(
            `Parameters of ${name}`,
            [column('Name'), column('Type'), column('Meaning')],
            parameters.map(
              ([parameter, schema]) => html`
                <tr>
                  <th scope="row"><code>${parameter}</code> ${required.has(parameter) && tag('required')}</th>
                  <td>${typeOf(schema)}</td>
                  <td>${meaningOf(schema)}</td>
                </tr>`,
            ),
          )}
        </details>`
      }
      </div>
    </section>`;
};

const typeOf = ({ type, anyOf, minimum, maximum }: Parameter): string => {
  if (anyOf !== undefined) return anyOf.map(({ const: value }) => String(value)).join(', ');
  return minimum === undefined || maximum === undefined ? (type ?? '') : `${type}, ${minimum} to ${maximum}`;
};

const meaningOf = ({ description = '', default: normal }: Parameter): string =>
  [description, normal === undefined ? '' : `default: ${String(normal)}`].filter(Boolean).join('; ');
