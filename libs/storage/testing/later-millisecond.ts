/** Times are kept to the millisecond, so two that follow at once may be the same. */
export async function laterMillisecond(): Promise<void> {
  const end = Date.now() + 2;
  while (Date.now() < end) await new Promise(setImmediate);
}
