import {
  HttpMethod,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from '@kubernetes/client-node';

/** Any object of the cluster, by kind: what KubernetesObjectApi does, with an `apply` that forgives nothing. */
export class Client extends KubernetesObjectApi {
  static connect(kubeconfigFile: string): Client {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfigFile);
    return config.makeApiClient(Client);
  }

  /**
   * Server-side apply. Unknown and doubled fields are refused (`fieldValidation=Strict`); the object goes as it is, while
   * the library's own `patch` would drop the fields that it does not know before the server sees them. Throws
   * ApiException, whose body says why.
   */
  async apply<T extends KubernetesObject>(object: T): Promise<T> {
    const path = await this.specUriPath(object, 'patch');
    const request = this.configuration.baseServer.makeRequestContext(path, HttpMethod.PATCH);
    request.setHeaderParam('Accept', 'application/json');
    request.setHeaderParam('Content-Type', PatchStrategy.ServerSideApply);
    request.setQueryParam('fieldManager', 'test');
    request.setQueryParam('force', 'true');
    request.setQueryParam('fieldValidation', 'Strict');
    request.setBody(JSON.stringify(object));
    return this.requestPromise<T>(request);
  }
}

/** Looks until `look` gives something other than undefined; throws `what` with the last error after `limit` ms. */
export async function until<T>(what: string, limit: number, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + limit;
  for (;;) {
    let reason: unknown;
    const found = await look().catch(error => {
      reason = error;
      return undefined;
    });
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limit / 1000} s`, { cause: reason });
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}
