import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { followProject } from './event-stream.js';

/** What pages learn of the project's stream of events. */
export interface ProjectStream {
  /** Whether what happens is told at once. */
  readonly isLive: () => boolean;
  /** Calls back when something happened, or when the stream breaks or is back. @returns ends it */
  readonly listen: (listener: () => void) => () => void;
}

const NONE: ProjectStream = { isLive: () => false, listen: () => () => undefined };

const StreamContext = createContext<ProjectStream>(NONE);

export function useProjectStream(): ProjectStream {
  return useContext(StreamContext);
}

/** Several events of one moment are one reason to ask. */
const TOGETHER_MS = 120;

/** One stream for the page, whatever it shows; it rests while nobody looks. */
export function ProjectStreamProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<'opening' | 'live' | 'broken'>('opening');
  const parts = useMemo(() => {
    const listeners = new Set<() => void>();
    let isLive = false;
    let soon: ReturnType<typeof setTimeout> | undefined;
    const tell = (): void => {
      soon ??= setTimeout(() => {
        soon = undefined;
        for (const listener of listeners) listener();
      }, TOGETHER_MS);
    };
    const stream: ProjectStream = {
      isLive: () => isLive,
      listen(listener) {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
    };
    return { stream, tell, setLive: (live: boolean) => (isLive = live) };
  }, []);

  useEffect(() => {
    let end: (() => void) | null = null;
    const begin = (): void => {
      if (document.hidden) {
        end?.();
        end = null;
        parts.setLive(false);
        return;
      }
      end ??= followProject({
        told: parts.tell,
        opened() {
          parts.setLive(true);
          setState('live');
        },
        broken() {
          parts.setLive(false);
          setState('broken');
          parts.tell();
        },
      });
    };
    begin();
    document.addEventListener('visibilitychange', begin);
    return () => {
      document.removeEventListener('visibilitychange', begin);
      end?.();
    };
  }, [parts]);

  return (
    <StreamContext value={parts.stream}>
      <p className={`live is-${state}`} role="status">
        {state === 'live' ? 'Live' : state === 'opening' ? 'Connecting …' : 'Not live: connecting again …'}
      </p>
      {children}
    </StreamContext>
  );
}
