import { getSystemErrorMessage } from 'node:util';
import { Fault } from '../../errors.ts';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code;

/** Whether a file system call failed with one of these codes. */
export const failedWith = (error: unknown, ...codes: string[]) => codes.includes(codeOf(error) ?? '');

/** No such file: a name is missing, or a name before it is no folder. */
export const isAbsent = (error: unknown) => failedWith(error, 'ENOENT', 'ENOTDIR');

/** A failed file system call as a Fault. The sentence holds no path of the machine: it may reach a client. */
export function storageFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  const { errno, message = String(error) } = error as NodeJS.ErrnoException;
  if (failedWith(error, 'ENOSPC', 'EDQUOT')) {
    return new Fault('unavailable', `no space left in the store while ${doing}`, { cause: error });
  }
  const reason = errno === undefined ? message : getSystemErrorMessage(errno);
  return new Fault('unavailable', `the store failed while ${doing}: ${reason}`, { cause: error });
}

/** Runs file system calls; what they throw becomes a Fault. */
export async function attempt<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw storageFault(error, doing);
  }
}
