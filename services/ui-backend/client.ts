import type { Answer, EndpointName, Request } from './endpoints.ts';

/**
 * The JSON API as methods, one an endpoint (endpoints.ts). In-process by createApi (api.ts), over HTTP by createHttpApi
 * (http-client.ts); both throw the same Faults: `invalid` for a request that does not fit its schema, `not-found` for
 * what is not here or the caller may not see, `unavailable` or `timed-out` when the API can't be asked.
 * Answers may be shared between callers: they must not be changed.
 */
export type Api = {
  readonly [N in EndpointName]: (request: Lenient<Request<N>>, caller?: Caller) => Promise<Answer<N>>;
};

/** What may be left out may be undefined as well. */
type Lenient<T> = { [K in keyof T]: Record<never, never> extends Pick<T, K> ? T[K] | undefined : T[K] };

/** For whom a question is asked; anonymous without. */
export interface Caller {
  /** The Authorization header that came with the request, for private modules. */
  authorization?: string | undefined;
  /** The client's address, for what one client may do. */
  address?: string | undefined;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
}
