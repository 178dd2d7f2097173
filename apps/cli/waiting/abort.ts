/** Waiting that an AbortSignal cuts short. Each call takes its listener back: a wait of hours makes thousands of them. */

/** Ends early, without an error, when `signal` fires. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await orAborted(passed, signal);
  clearTimeout(timer);
}

/** What `promise` gives, or null as soon as `signal` fires. */
export async function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  if (signal.aborted) return null;
  let onAbort = (): void => undefined;
  const aborted = new Promise<null>((resolve) => {
    onAbort = (): void => {
      resolve(null);
    };
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
