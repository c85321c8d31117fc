/** The namespace of all services. Google service accounts are bound to its Kubernetes accounts by this name. */
export const namespaceName = 'gocenter';
