import { createContext, useContext } from 'react';

/** What pages tell of the server, for the line that says whether it answers. */
export interface Connection {
  answered(): void;
  failed(): void;
  /** The session has ended. */
  signedOut(): void;
}

export const ConnectionContext = createContext<Connection>({
  answered: () => undefined,
  failed: () => undefined,
  signedOut: () => undefined,
});

export function useConnection(): Connection {
  return useContext(ConnectionContext);
}
