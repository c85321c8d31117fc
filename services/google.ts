/** Of all Google's clients: a call failed because this process has no credentials, and what to do about it. */
export const lacksCredentials = (error: unknown): boolean => /default credentials/i.test(String(error));
export const noCredentials =
  'there are no Google credentials: run as a service account, or `gcloud auth application-default login`';
