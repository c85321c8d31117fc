import type { Answer, EndpointName, Request } from '../../services/ui-backend/endpoints.ts';
import { endpoints } from '../../services/ui-backend/endpoints.ts';

/** Asks the web pages of a service that runs, as a browser and as a script would. */
export function askPages(address: string) {
  const get = async (path: string) => {
    const response = await fetch(`${address}${path}`);
    return { status: response.status, body: await response.text() };
  };
  return {
    get,
    /** Throws unless it is answered with 200. */
    async api<N extends EndpointName>(name: N, request: Request<N>): Promise<Answer<N>> {
      const query = new URLSearchParams(Object.entries(request).map(([key, value]) => [key, String(value)]));
      const { status, body } = await get(`/api/v1${endpoints[name].path}?${query}`);
      if (status !== 200) throw new Error(`${name} of ${query} was answered with ${status}: ${body.slice(0, 500)}`);
      return JSON.parse(body);
    },
    /** What a page says, without its markup. */
    async text(path: string): Promise<{ status: number; text: string }> {
      const { status, body } = await get(path);
      const shown = body.replace(/<(script|style)[\s\S]*?<\/\1>/g, '').replace(/<wbr[^>]*>/g, '');
      return { status, text: shown.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ') };
    },
  };
}
