import { useCallback, useEffect, useMemo, useState } from 'react';
import { ApiError, call } from './api/client.js';
import { ConnectionContext, type Connection } from './api/connection.js';
import type { Session } from './api/types.js';
import { SignIn } from './session/sign-in.js';
import { SessionContext } from './session/session-context.js';
import { ProjectStreamProvider } from './api/project-stream.js';
import { Shell } from './parts/shell.js';

type Stage =
  | { readonly is: 'asking' }
  | { readonly is: 'out'; readonly notice: string | null }
  | { readonly is: 'in'; readonly session: Session };

export function App() {
  const [stage, setStage] = useState<Stage>({ is: 'asking' });
  const [isAway, setIsAway] = useState(false);

  const connection = useMemo<Connection>(
    () => ({
      answered: () => {
        setIsAway(false);
      },
      failed: () => {
        setIsAway(true);
      },
      signedOut: () => {
        setStage((before) =>
          before.is === 'in' ? { is: 'out', notice: 'Your session has ended. Sign in again.' } : before,
        );
      },
    }),
    [],
  );

  const ask = useCallback(() => {
    call<Session>('GET', '/session')
      .then((session) => {
        setIsAway(false);
        setStage({ is: 'in', session });
      })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status !== 0 && error.status < 500)
          setStage({ is: 'out', notice: null });
        else {
          setIsAway(true);
          setTimeout(ask, 1_500);
        }
      });
  }, []);
  useEffect(ask, [ask]);

  return (
    <ConnectionContext value={connection}>
      <p className="away" role="status" hidden={!isAway}>
        The server does not answer. Trying again; what you see is how it was.
      </p>
      {stage.is === 'asking' && (
        <main className="wait" aria-busy="true">
          <p>Baykeeper</p>
        </main>
      )}
      {stage.is === 'out' && (
        <SignIn
          notice={stage.notice}
          onSignedIn={(session) => {
            setStage({ is: 'in', session });
          }}
        />
      )}
      {stage.is === 'in' && (
        <SessionContext value={stage.session}>
          <ProjectStreamProvider key={stage.session.project.id}>
            <Shell
              onChange={(session) => {
                setStage({ is: 'in', session });
              }}
              onSignedOut={() => {
                setStage({ is: 'out', notice: 'You are signed out.' });
              }}
            />
          </ProjectStreamProvider>
        </SessionContext>
      )}
    </ConnectionContext>
  );
}
