import { useState, type SubmitEvent } from 'react';
import { ApiError, call } from '../api/client.js';
import { useLive } from '../api/use-live.js';
import { CopyLine } from '../parts/pieces.js';
import { day } from '../parts/words.js';
import { useSession } from '../session/session-context.js';

interface Credential {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly expires_at: string | null;
  readonly roles: readonly { readonly name: string }[];
}

/** Application credentials: what programs sign in with in place of a person's password. */
export function Credentials() {
  const { user, project } = useSession();
  const at = `/identity/v3/users/${encodeURIComponent(user.id)}/application_credentials`;
  const { data, error, refresh } = useLive<{ readonly application_credentials: readonly Credential[] }>(at);
  const [made, setMade] = useState<{ readonly id: string; readonly secret: string } | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [name, setName] = useState('');
  const refuse = (cause: unknown): void => {
    setRefusal(cause instanceof ApiError ? cause.message : String(cause));
  };
  const create = (event: SubmitEvent): void => {
    event.preventDefault();
    setRefusal(null);
    call<{ readonly application_credential: { readonly id: string; readonly secret: string } }>('POST', at, {
      application_credential: { name },
    }).then(({ application_credential: fresh }) => {
      setMade(fresh);
      setName('');
      refresh();
    }, refuse);
  };
  return (
    <>
      <h1>Application credentials</h1>
      <p>
        What programs of yours sign in to {project.name} with, in place of your password. Each can be taken back by
        itself.
      </p>
      <form onSubmit={create} className="inline">
        <label>
          Name
          <input
            value={name}
            required
            maxLength={255}
            onChange={(event) => {
              setName(event.target.value);
            }}
          />
        </label>
        <button className="primary">Create</button>
      </form>
      {(refusal ?? error) !== null && (
        <p className="refusal" role="alert">
          {refusal ?? error}
        </p>
      )}
      {made !== null && (
        <section className="notice" role="status">
          <p>This is shown once. Keep it now.</p>
          <CopyLine label="the id" text={`export OS_APPLICATION_CREDENTIAL_ID=${made.id}`} />
          <CopyLine label="the secret" text={`export OS_APPLICATION_CREDENTIAL_SECRET=${made.secret}`} />
        </section>
      )}
      {data?.application_credentials.length === 0 && <p>There is none yet.</p>}
      <ul className="rows">
        {data?.application_credentials.map((one) => (
          <li key={one.id}>
            <strong>{one.name}</strong>
            <span>{one.roles.map((role) => role.name).join(', ')}</span>
            <span>{one.expires_at === null ? 'never ends' : `ends ${day(one.expires_at)}`}</span>
            <button
              aria-label={`Take back ${one.name}`}
              onClick={() => {
                call('DELETE', `${at}/${one.id}`).then(refresh, refuse);
              }}
            >
              Take back
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
