import { lazy, Suspense, useState, type ReactNode } from 'react';
import { ApiError, call } from '../api/client.js';
import type { Session } from '../api/types.js';
import { BayList } from '../bays/bay-list.js';
import { useSession } from '../session/session-context.js';
import { goTo, hrefOf, usePlace } from './place.js';

// The first page comes without what other pages need.
const CreateBay = lazy(async () => ({ default: (await import('../bays/create-bay.js')).CreateBay }));
const BayPage = lazy(async () => ({ default: (await import('../bay/bay-page.js')).BayPage }));
const Templates = lazy(async () => ({ default: (await import('../account/templates.js')).Templates }));
const QuotaPage = lazy(async () => ({ default: (await import('../account/quota.js')).QuotaPage }));
const Credentials = lazy(async () => ({ default: (await import('../account/credentials.js')).Credentials }));
const People = lazy(async () => ({ default: (await import('../account/people.js')).People }));
const ManagedElsewhere = lazy(async () => ({
  default: (await import('../account/managed-elsewhere.js')).ManagedElsewhere,
}));
const AuditPage = lazy(async () => ({ default: (await import('../account/audit.js')).AuditPage }));
const SystemPage = lazy(async () => ({ default: (await import('../system/system.js')).SystemPage }));

interface ShellProps {
  readonly onChange: (session: Session) => void;
  readonly onSignedOut: () => void;
}

export function Shell({ onChange, onSignedOut }: ShellProps) {
  const session = useSession();
  const place = usePlace();
  const [refusal, setRefusal] = useState<string | null>(null);
  const switchTo = (id: string): void => {
    setRefusal(null);
    call<Session>('PUT', '/session', { project_id: id }).then((next) => {
      goTo('bays');
      onChange(next);
    }, refuse);
  };
  const signOut = (): void => {
    setRefusal(null);
    call('DELETE', '/session').then(onSignedOut, refuse);
  };
  /** A session that had ended already is ended; for everything else one is still signed in. */
  const refuse = (error: unknown): void => {
    if (error instanceof ApiError && error.status === 401) onSignedOut();
    else setRefusal(error instanceof ApiError ? error.message : String(error));
  };
  const [isOwn, isAdmin] = [session.identity_url === null, session.roles.includes('admin')];
  const pages = [
    ['bays', 'Bays'],
    ['baymodels', 'Baymodels'],
    ['quota', 'Quota'],
    ...(isOwn ? [['credentials', 'Credentials'] as const] : []),
    ...(isOwn && isAdmin ? [['people', 'People'] as const] : []),
    ...(isAdmin ? [['audit', 'Audit'] as const] : []),
    ...(session.is_system_admin ? [['system', 'System'] as const] : []),
  ] as const;
  const [first = 'bays'] = place;
  return (
    <>
      <a className="skip" href="#content" onClick={focusContent}>
        To the content
      </a>
      <header className="top">
        <a className="brand" href={hrefOf('bays')}>
          Baykeeper
        </a>
        <nav aria-label="Pages">
          {pages.map(([name, title]) => (
            <a key={name} href={hrefOf(name)} aria-current={first === name ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div className="who">
          <label>
            <span className="unseen">Project</span>
            <select
              value={session.project.id}
              onChange={(event) => {
                switchTo(event.target.value);
              }}
            >
              {session.projects.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <span title={session.roles.join(', ')}>{session.user.name}</span>
          <button onClick={signOut}>Sign out</button>
        </div>
      </header>
      {session.compute === 'simulated' && (
        <aside className="simulated" aria-label="About this installation">
          Machines are simulated here: bays run nothing.
        </aside>
      )}
      {refusal !== null && (
        <p className="simulated refusal" role="alert">
          {refusal}
        </p>
      )}
      <main id="content" tabIndex={-1}>
        <Suspense fallback={<p aria-busy="true">Loading …</p>}>
          <Page place={place} isOwn={isOwn} />
        </Suspense>
      </main>
    </>
  );
}

/** The address after `#` is the page's own, so this link may not change it. */
function focusContent(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

/** @param isOwn people and credentials are kept here */
function Page({ place, isOwn }: { readonly place: readonly string[]; readonly isOwn: boolean }): ReactNode {
  const [first = 'bays', second] = place;
  switch (first) {
    case 'bays':
      if (second === undefined) return <BayList />;
      return second === 'new' ? <CreateBay /> : <BayPage key={second} uuid={second} />;
    case 'baymodels':
      return <Templates />;
    case 'quota':
      return <QuotaPage />;
    case 'credentials':
      return isOwn ? <Credentials /> : <ManagedElsewhere title="Application credentials" />;
    case 'people':
      return isOwn ? <People /> : <ManagedElsewhere title="People" />;
    case 'audit':
      return <AuditPage />;
    case 'system':
      return <SystemPage />;
    default:
      return (
        <>
          <h1>No such page</h1>
          <p>
            <a href={hrefOf('bays')}>To the bays</a>
          </p>
        </>
      );
  }
}
