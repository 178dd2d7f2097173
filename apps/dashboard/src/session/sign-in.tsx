import { useState, type SubmitEvent } from 'react';
import { ApiError, call } from '../api/client.js';
import type { Session } from '../api/types.js';

interface SignInProps {
  readonly notice: string | null;
  /** Users are in one of several domains: another identity service keeps them. */
  readonly hasDomains: boolean;
  readonly onSignedIn: (session: Session) => void;
}

export function SignIn({ notice, hasDomains, onSignedIn }: SignInProps) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isWaiting, setIsWaiting] = useState(false);

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => {
      const value = form.get(name);
      return typeof value === 'string' ? value : '';
    };
    const [project, domain] = [text('project').trim(), text('domain').trim()];
    setIsWaiting(true);
    setRefusal(null);
    call<Session>('POST', '/session', {
      ...{ user: text('user'), password: text('password') },
      ...(project !== '' && { project }),
      ...(domain !== '' && { domain }),
    })
      .then(onSignedIn)
      .catch((error: unknown) => {
        setIsWaiting(false);
        setRefusal(sentenceOf(error));
      });
  };

  return (
    <main className="sign-in">
      <form onSubmit={submit} aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">Baykeeper</h1>
        <p className="lead">Container clusters, three clicks away.</p>
        {notice !== null && (
          <p className="notice" role="status">
            {notice}
          </p>
        )}
        <label>
          User
          <input name="user" autoComplete="username" required autoFocus maxLength={255} />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required maxLength={1024} />
        </label>
        <label>
          Project <span className="hint">(your default one when left out)</span>
          <input name="project" autoComplete="organization" maxLength={255} />
        </label>
        {hasDomains && (
          <label>
            Domain <span className="hint">(Default when left out)</span>
            <input name="domain" autoComplete="off" maxLength={255} />
          </label>
        )}
        <p className="refusal" role="alert">
          {refusal}
        </p>
        <button className="primary" disabled={isWaiting}>
          {isWaiting ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401)
    return 'User, password or project is wrong. A user has no access to projects without a role.';
  return error.message;
}
