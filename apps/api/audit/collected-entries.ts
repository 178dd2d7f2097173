/** What the audit tells of refused requests and of logins, which change nothing and so have no place to be recorded at. */
import type { FastifyRequest } from 'fastify';
import { httpStatusOf, isUuid } from '@baykeeper/domain';
import { showName, type Collected } from '@baykeeper/services';
import type { FinishedLogin } from '@baykeeper/tenancy';

const STATUSES = new Set([401, 403, 429]);
const LOGGED_IN = 201;

/** Null for a request that was not refused, and for a login, which tells of itself. */
export function refusalOf(request: FastifyRequest, status: number): Collected | null {
  const { holder, id, ip } = request;
  const { config, url = '' } = request.routeOptions;
  const action = config.facts?.access;
  if (!STATUSES.has(status) || action === undefined || action === 'identity:issue_token') return null;
  return {
    projectId: holder?.projectId ?? holder?.systemProjectId ?? null,
    ...{ userId: holder?.userId ?? null, userName: holder?.userName ?? null },
    ...{ action, outcome: 'refused', status },
    ...targetOf(url, request.params as Readonly<Record<string, string>>),
    detail: reasonOf(request, status),
    ...{ requestId: id, address: ip },
  };
}

export function loginEntry({ method, user, projectId, refusal, origin }: FinishedLogin): Collected {
  return {
    ...{ projectId, userId: user?.id ?? null, userName: user?.name ?? null },
    action: 'identity:issue_token',
    outcome: refusal === null ? 'success' : 'refused',
    status: refusal === null ? LOGGED_IN : httpStatusOf(refusal.code),
    ...{ targetKind: 'user', targetId: user?.id ?? null, targetName: user?.name ?? null },
    detail: `By ${method.replace('_', ' ')}${refusal === null ? '' : `: ${refusal.detail ?? refusal.publicMessage}`}`,
    ...{ requestId: origin.requestId, address: origin.address },
  };
}

/** Kinds as changes have them, where a path says otherwise. */
const KINDS: Readonly<Record<string, string>> = {
  ...{ bays: 'cluster', certificates: 'cluster', credentials: 'cluster', baymodels: 'clustertemplate' },
  quotas: 'project',
};

/** What the path names: it may not be there at all, because nobody looked. */
function targetOf(
  route: string,
  parameters: Readonly<Record<string, string>>,
): Pick<Collected, 'targetKind' | 'targetId' | 'targetName'> {
  const [, collection = '', parameter = ''] = /\/([a-z_]+)\/:([a-z]+)/.exec(route) ?? [];
  const given = parameters[parameter];
  if (given === undefined) return { targetKind: null, targetId: null, targetName: null };
  const shown = showName(given);
  const isId = isUuid(given) || route.startsWith('/identity');
  return {
    targetKind: KINDS[collection] ?? collection.replace(/s$/, ''),
    ...{ targetId: isId ? shown : null, targetName: isId ? null : shown },
  };
}

function reasonOf(request: FastifyRequest, status: number): string | null {
  if (status !== 401 || request.holder !== null) return request.reason;
  const hasToken =
    request.headers['x-auth-token'] !== undefined ||
    request.headers.cookie !== undefined ||
    request.headers.authorization !== undefined;
  return hasToken ? 'The token is unknown or has ended.' : 'There was no token.';
}
