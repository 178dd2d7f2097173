import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, request } from './client.js';
import { useConnection } from './connection.js';
import { useProjectStream } from './project-stream.js';

export interface Live<Answer> {
  /** The last answer; null before the first. It stays while the server does not answer. */
  readonly data: Answer | null;
  /** Why the last question was refused; null when it was not. */
  readonly error: string | null;
  /** Asks at once. */
  readonly refresh: () => void;
}

/** Milliseconds between two questions. */
export const BUSY_MS = 1_000;
export const CALM_MS = 5_000;
/** Between two questions while the stream tells what happens: for what it does not tell, such as that a bay is gone. */
const TOLD_BUSY_MS = 2_500;
const TOLD_CALM_MS = 30_000;
/** What the stream tells of. */
const TOLD = /^\/v1\/(?:dashboard|clusters\/|bays\/)/;
/** While the server does not answer: often enough to be back soon. */
const AWAY_MS = 1_500;

/**
 * Asks for `path` again and again, and at once when the project's stream tells that something happened; what did not change costs the server and the network next to nothing (ETag). A page
 * that is not looked at does not ask.
 * @param path null: asks nothing
 * @param pace milliseconds until the next question, by what the last one gave
 */
export function useLive<Answer>(
  path: string | null,
  pace: (data: Answer | null) => number = () => CALM_MS,
): Live<Answer> {
  const [state, setState] = useState<{
    readonly path: string | null;
    readonly data: Answer | null;
    readonly error: string | null;
  }>({ path, data: null, error: null });
  const connection = useConnection();
  const stream = useProjectStream();
  const ask = useRef<() => void>(() => undefined);
  const paceOf = useRef(pace);
  paceOf.current = pace;

  useEffect(() => {
    if (path === null) return;
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last: Answer | null = null;
    let text = '';
    const isTold = TOLD.test(path);
    const pauseAfter = (known: Answer | null): number => {
      const wanted = paceOf.current(known);
      if (!isTold || !stream.isLive()) return wanted;
      return Math.max(wanted, wanted <= BUSY_MS ? TOLD_BUSY_MS : TOLD_CALM_MS);
    };
    const later = (milliseconds: number): void => {
      clearTimeout(timer);
      if (!ended.signal.aborted) timer = setTimeout(look, milliseconds);
    };
    const look = (): void => {
      clearTimeout(timer);
      if (document.hidden) return;
      request('GET', path, undefined, ended.signal)
        .then(async (response) => {
          const given = await response.text();
          if (ended.signal.aborted) return;
          connection.answered();
          if (given !== text) {
            text = given;
            last = JSON.parse(given) as Answer;
          }
          setState((before) =>
            before.path === path && before.data === last && before.error === null
              ? before
              : { path, data: last, error: null },
          );
          later(pauseAfter(last));
        })
        .catch((error: unknown) => {
          if (ended.signal.aborted) return;
          const refused = error instanceof ApiError ? error : new ApiError(0, String(error));
          const isAway = refused.status === 0 || refused.status >= 500;
          if (isAway) connection.failed();
          else if (refused.status === 401) connection.signedOut();
          else setState({ path, data: last, error: refused.message });
          later(isAway ? AWAY_MS : CALM_MS);
        });
    };
    const awake = (): void => {
      if (!document.hidden) look();
    };
    document.addEventListener('visibilitychange', awake);
    const unlisten = isTold ? stream.listen(look) : () => undefined;
    ask.current = look;
    look();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', awake);
      unlisten();
    };
  }, [path, connection, stream]);

  const refresh = useCallback(() => {
    ask.current();
  }, []);
  const isOfPath = state.path === path;
  return { data: isOfPath ? state.data : null, error: isOfPath ? state.error : null, refresh };
}
