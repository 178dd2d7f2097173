import { createContext, useContext } from 'react';
import type { Session } from '../api/types.js';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('this page is for people who signed in');
  return session;
}

/** Why this user may not change anything here; null when it may. */
export function useReadOnlyReason(): string | null {
  const { roles, project } = useSession();
  if (roles.includes('member')) return null;
  return `You are a reader of ${project.name}: members change things.`;
}
