/** Who knocks, and where each of them is let in: the table that the walk through all routes holds every answer against. */
import type { AccessKind } from '../../access/access-rules.js';

export const ACTORS = [
  'nobody',
  'a forged token',
  'a token without project',
  'a token without role',
  'reader',
  'member',
  'admin',
  'system-admin',
] as const;
export type Actor = (typeof ACTORS)[number];

type Doors = Readonly<Record<Actor, 'in' | 401 | 403>>;

const STRANGERS = {
  nobody: 401,
  'a forged token': 401,
  'a token without project': 403,
  'a token without role': 403,
} as const;
const EVERYBODY: Doors = {
  ...{ nobody: 'in', 'a forged token': 'in', 'a token without project': 'in', 'a token without role': 'in' },
  ...{ reader: 'in', member: 'in', admin: 'in', 'system-admin': 'in' },
};

export const DOORS: Readonly<Record<AccessKind, Doors>> = {
  anonymous: EVERYBODY,
  token: { ...EVERYBODY, nobody: 401, 'a forged token': 401 },
  reader: { ...STRANGERS, reader: 'in', member: 'in', admin: 'in', 'system-admin': 'in' },
  member: { ...STRANGERS, reader: 403, member: 'in', admin: 'in', 'system-admin': 'in' },
  admin: { ...STRANGERS, reader: 403, member: 403, admin: 'in', 'system-admin': 'in' },
  'system-admin': { ...STRANGERS, reader: 403, member: 403, admin: 403, 'system-admin': 'in' },
  // The walk is on this machine, where a scraper needs no token.
  operator: { ...STRANGERS, nobody: 'in', reader: 403, member: 403, admin: 403, 'system-admin': 'in' },
  // A node's own token is a bearer token: none of these is one.
  node: {
    ...{ nobody: 401, 'a forged token': 401, 'a token without project': 401, 'a token without role': 401 },
    ...{ reader: 401, member: 401, admin: 401, 'system-admin': 401 },
  },
};

/** The roles of a token, implied ones included; null for one that the server never gave. */
export const ROLES: Readonly<Record<Exclude<Actor, 'nobody' | 'a forged token'>, readonly string[]>> = {
  'a token without project': [],
  'a token without role': [],
  reader: ['reader'],
  member: ['member', 'reader'],
  admin: ['admin', 'member', 'reader'],
  'system-admin': ['system-admin', 'admin', 'member', 'reader'],
};
