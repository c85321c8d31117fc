/**
 * What the work comes to, waited for so many milliseconds: then throws what `late` makes. What was begun may go on behind,
 * and a failure of it that comes later is nobody's.
 */
export async function within<T>(milliseconds: number, work: Promise<T>, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
