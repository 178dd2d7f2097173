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
  | { readonly is: 'out'; readonly notice: string | null; readonly hasDomains: boolean }
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
          before.is === 'in' ? leave(before.session, 'Your session has ended. Sign in again.') : before,
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
          setStage({ is: 'out', notice: null, hasDomains: !isOwnIdentity(error.identityUrl) });
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
          hasDomains={stage.hasDomains}
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
                setStage(leave(stage.session, 'You are signed out.'));
              }}
            />
          </ProjectStreamProvider>
        </SessionContext>
      )}
    </ConnectionContext>
  );
}

function leave({ identity_url: identityUrl }: Session, notice: string): Stage {
  return { is: 'out', notice, hasDomains: identityUrl !== null };
}

/** Reached by another name than its own the server seems to be another one: then a field more is shown, and no harm done. */
function isOwnIdentity(url: string | null): boolean {
  return url === null || url === `${location.origin}/identity/v3`;
}
